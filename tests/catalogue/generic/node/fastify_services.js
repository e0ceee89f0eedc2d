// Services on Fastify, whose documents @fastify/swagger makes of the schemas that check the requests.
const Fastify = require('fastify')

const id = { type: 'integer', minimum: 1 }
const problem = {
  type: 'object',
  required: ['statusCode', 'message'],
  properties: { statusCode: { type: 'integer' }, error: { type: 'string' }, code: { type: 'string' }, message: { type: 'string' } }
}
const refused = (...statuses) => Object.fromEntries(statuses.map((status) => [status, problem]))
const name = { type: 'string', minLength: 1, maxLength: 40 }
const missing = () => Object.assign(new Error('there is none'), { statusCode: 404 })

async function start (title, options = {}) {
  const app = Fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false, ...options } } })
  await app.register(require('@fastify/swagger'), { openapi: { openapi: '3.0.3', info: { title, version: '1' } } })
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const Ajv = require('ajv')
    const ajv = new Ajv({ coerceTypes: httpPart === 'body' ? false : 'array', useDefaults: true, allErrors: false, strict: false })
    return ajv.compile(schema)
  })
  return app
}

// The five usual operations, with a filter and pages.
async function plain () {
  const app = await start('Birds on Fastify')
  const rows = new Map([1, 2, 3, 4, 5].map((n) => [n, { id: n, name: `bird ${n}`, wings: 2, song: n % 2 ? 'loud' : 'soft' }]))
  const song = { type: 'string', enum: ['loud', 'soft'] }
  const bird = { type: 'object', required: ['id', 'name', 'wings', 'song'], properties: { id, name, wings: { type: 'integer' }, song } }
  const sent = { type: 'object', required: ['name'], additionalProperties: false, properties: { name, wings: { type: 'integer', minimum: 0, maximum: 4, default: 2 }, song: { ...song, default: 'soft' } } }
  const params = { type: 'object', properties: { id }, required: ['id'] }
  const query = { type: 'object', properties: { song, limit: { type: 'integer', minimum: 1, maximum: 50, default: 10 }, offset: { type: 'integer', minimum: 0, default: 0 } } }
  app.get('/birds', { schema: { querystring: query, response: { 200: { type: 'object', required: ['birds', 'total'], properties: { birds: { type: 'array', items: bird }, total: { type: 'integer' } } }, ...refused(400) } } }, async (request) => {
    const found = [...rows.values()].filter((row) => !request.query.song || row.song === request.query.song)
    return { birds: found.slice(request.query.offset, request.query.offset + request.query.limit), total: found.length }
  })
  app.post('/birds', { schema: { body: sent, response: { 201: bird, ...refused(400, 415) } } }, async (request, reply) => {
    const row = { ...request.body, id: Math.max(0, ...rows.keys()) + 1 }
    rows.set(row.id, row)
    reply.code(201).header('location', `/birds/${row.id}`)
    return row
  })
  app.get('/birds/:id', { schema: { params, response: { 200: bird, ...refused(400, 404) } } }, async (request) => {
    if (!rows.has(request.params.id)) throw missing()
    return rows.get(request.params.id)
  })
  app.put('/birds/:id', { schema: { params, body: sent, response: { 200: bird, ...refused(400, 404, 415) } } }, async (request) => {
    if (!rows.has(request.params.id)) throw missing()
    rows.set(request.params.id, { ...request.body, id: request.params.id })
    return rows.get(request.params.id)
  })
  app.delete('/birds/:id', { schema: { params, response: { 204: { type: 'null', description: 'Gone' }, ...refused(400, 404) } } }, async (request, reply) => {
    if (!rows.delete(request.params.id)) throw missing()
    reply.code(204)
  })
  return app
}

// Unknown properties are taken away before anything is stored, and numbers in texts are read as numbers.
async function lenient () {
  const app = await start('Fish on Fastify')
  const rows = new Map()
  const sent = { type: 'object', required: ['name'], properties: { name, depth: { type: 'number', minimum: 0, maximum: 11000 } } }
  const fish = { type: 'object', required: ['id', 'name'], properties: { id: { type: 'string', format: 'uuid' }, name, depth: { type: 'number' }, seenAt: { type: 'string', format: 'date-time' } } }
  const params = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
  app.get('/fish', { schema: { response: { 200: { type: 'array', items: fish } } } }, async () => [...rows.values()])
  app.post('/fish', { schema: { body: sent, response: { 201: fish, ...refused(400, 415) } } }, async (request, reply) => {
    const row = { id: require('crypto').randomUUID(), name: request.body.name, depth: request.body.depth, seenAt: new Date().toISOString() }
    rows.set(row.id, row)
    reply.code(201)
    return row
  })
  app.get('/fish/:id', { schema: { params, response: { 200: fish, ...refused(404) } } }, async (request) => {
    if (!rows.has(request.params.id)) throw missing()
    return rows.get(request.params.id)
  })
  app.patch('/fish/:id', { schema: { params, body: { type: 'object', properties: sent.properties }, response: { 200: fish, ...refused(400, 404, 415) } } }, async (request) => {
    if (!rows.has(request.params.id)) throw missing()
    const { name: newName, depth } = request.body
    const row = rows.get(request.params.id)
    Object.assign(row, newName === undefined ? {} : { name: newName }, depth === undefined ? {} : { depth })
    return row
  })
  return app
}

module.exports = { plain, lenient }
