// Services on Express, with documents written beside them.
const express = require('express')

const problem = { description: 'Refused', content: { 'application/json': { schema: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } } } } }
const answer = (schema, description = 'An answer') => ({ description, content: { 'application/json': { schema } } })
const take = (schema) => ({ required: true, content: { 'application/json': { schema } } })
const ref = (name) => ({ $ref: `#/components/schemas/${name}` })
const isText = (value, most) => typeof value === 'string' && value.length > 0 && [...value].length <= most
const isNumber = (value, low, high) => Number.isInteger(value) && value >= low && value <= high
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

function begin (title, paths, schemas) {
  const app = express()
  app.set('query parser', 'simple')
  app.disable('x-powered-by')
  app.locals.document = { openapi: '3.0.3', info: { title, version: '1' }, paths, components: { schemas } }
  app.use((request, response, next) => {
    const hasBody = Number(request.headers['content-length'] || 0) > 0 || 'transfer-encoding' in request.headers
    const takes = ['POST', 'PUT', 'PATCH'].includes(request.method)
    if (takes && hasBody && !request.is('application/json')) return response.status(415).json({ error: 'JSON alone is read' })
    next()
  })
  app.use(express.json({ strict: false }))
  return app
}

function finish (app) {
  app.use((request, response) => response.status(404).json({ error: 'there is none' }))
  app.use((error, request, response, next) => {
    response.status(error.status || 500).json({ error: error.message || 'failed' })
  })
  return app
}

// Names as keys, PUT that creates, and ETags that Express makes of the bodies.
function upserts () {
  const schemas = {
    Theme: { type: 'object', required: ['key', 'colour', 'size'], properties: { key: { type: 'string' }, colour: { type: 'string', enum: ['red', 'blue'] }, size: { type: 'integer' } } },
    ThemeInput: { type: 'object', required: ['colour'], properties: { colour: { type: 'string', enum: ['red', 'blue'] }, size: { type: 'integer', minimum: 1, maximum: 9, default: 3 } } }
  }
  const key = { name: 'key', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z]{1,12}$' } }
  const app = begin('Themes on Express', {
    '/themes': { get: { responses: { 200: answer({ type: 'array', items: ref('Theme') }) } } },
    '/themes/{key}': {
      parameters: [key],
      get: { responses: { 200: answer(ref('Theme')), 400: problem, 404: problem } },
      put: { requestBody: take(ref('ThemeInput')), responses: { 200: answer(ref('Theme')), 201: answer(ref('Theme')), 400: problem, 415: problem } },
      delete: { responses: { 204: { description: 'Gone' }, 400: problem, 404: problem } }
    }
  }, schemas)
  const rows = new Map([['dark', { key: 'dark', colour: 'blue', size: 3 }]])
  app.param('key', (request, response, next, text) => {
    if (!/^[a-z]{1,12}$/.test(text)) return response.status(400).json({ error: 'this is no key' })
    next()
  })
  app.get('/themes', (request, response) => response.json([...rows.values()]))
  app.get('/themes/:key', (request, response, next) => rows.has(request.params.key) ? response.json(rows.get(request.params.key)) : next())
  app.put('/themes/:key', (request, response) => {
    const body = request.body
    if (!isObject(body) || !['red', 'blue'].includes(body.colour) || ('size' in body && !isNumber(body.size, 1, 9))) return response.status(400).json({ error: 'invalid' })
    const status = rows.has(request.params.key) ? 200 : 201
    rows.set(request.params.key, { key: request.params.key, colour: body.colour, size: body.size ?? 3 })
    response.status(status).json(rows.get(request.params.key))
  })
  app.delete('/themes/:key', (request, response, next) => rows.delete(request.params.key) ? response.status(204).end() : next())
  return finish(app)
}

// Rows below rows, with conflicts, and a list across parents.
function nested () {
  const schemas = {
    Shelf: { type: 'object', required: ['id', 'label'], properties: { id: { type: 'integer' }, label: { type: 'string' } } },
    Jar: { type: 'object', required: ['id', 'shelfId', 'content'], properties: { id: { type: 'integer' }, shelfId: { type: 'integer' }, content: { type: 'string' }, grams: { type: 'integer', nullable: true } } }
  }
  const number = (name) => ({ name, in: 'path', required: true, schema: { type: 'integer', minimum: 1 } })
  const label = { type: 'object', required: ['label'], properties: { label: { type: 'string', minLength: 1, maxLength: 20 } } }
  const jar = { type: 'object', required: ['content'], properties: { content: { type: 'string', minLength: 1, maxLength: 20 }, grams: { type: 'integer', nullable: true, minimum: 1, maximum: 9999 } } }
  const app = begin('Shelves on Express', {
    '/shelves': {
      get: { responses: { 200: answer({ type: 'array', items: ref('Shelf') }) } },
      post: { requestBody: take(label), responses: { 201: answer(ref('Shelf')), 400: problem, 409: problem, 415: problem } }
    },
    '/shelves/{shelfId}': {
      parameters: [number('shelfId')],
      get: { responses: { 200: answer(ref('Shelf')), 404: problem } },
      delete: { responses: { 204: { description: 'Gone' }, 404: problem, 409: problem } }
    },
    '/shelves/{shelfId}/jars': {
      parameters: [number('shelfId')],
      get: { responses: { 200: answer({ type: 'array', items: ref('Jar') }), 404: problem } },
      post: { requestBody: take(jar), responses: { 201: answer(ref('Jar')), 400: problem, 404: problem, 415: problem } }
    },
    '/shelves/{shelfId}/jars/{jarId}': {
      parameters: [number('shelfId'), number('jarId')],
      get: { responses: { 200: answer(ref('Jar')), 404: problem } },
      delete: { responses: { 204: { description: 'Gone' }, 404: problem } }
    },
    '/jars': { get: { responses: { 200: answer({ type: 'array', items: ref('Jar') }) } } }
  }, schemas)
  const shelves = new Map([[1, { id: 1, label: 'top' }], [2, { id: 2, label: 'low' }]])
  const jars = new Map([[1, { id: 1, shelfId: 1, content: 'jam', grams: 300 }], [2, { id: 2, shelfId: 1, content: 'salt', grams: null }], [3, { id: 3, shelfId: 2, content: 'rice', grams: 500 }]])
  const readId = (text) => /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0
  const next = (rows) => Math.max(0, ...rows.keys()) + 1
  app.param('shelf', (request, response, go, text) => {
    request.shelf = shelves.get(readId(text))
    go(request.shelf ? undefined : 'route')
  })
  app.get('/shelves', (request, response) => response.json([...shelves.values()]))
  app.post('/shelves', (request, response) => {
    if (!isObject(request.body) || !isText(request.body.label, 20)) return response.status(400).json({ error: 'invalid' })
    if ([...shelves.values()].some((row) => row.label === request.body.label)) return response.status(409).json({ error: 'taken' })
    const row = { id: next(shelves), label: request.body.label }
    shelves.set(row.id, row)
    response.status(201).json(row)
  })
  app.get('/shelves/:shelf', (request, response) => response.json(request.shelf))
  app.delete('/shelves/:shelf', (request, response) => {
    if ([...jars.values()].some((row) => row.shelfId === request.shelf.id)) return response.status(409).json({ error: 'not empty' })
    shelves.delete(request.shelf.id)
    response.status(204).end()
  })
  app.get('/shelves/:shelf/jars', (request, response) => response.json([...jars.values()].filter((row) => row.shelfId === request.shelf.id)))
  app.post('/shelves/:shelf/jars', (request, response) => {
    const { content, grams = null } = isObject(request.body) ? request.body : {}
    if (!isText(content, 20) || (grams !== null && !isNumber(grams, 1, 9999))) return response.status(400).json({ error: 'invalid' })
    const row = { id: next(jars), shelfId: request.shelf.id, content, grams }
    jars.set(row.id, row)
    response.status(201).json(row)
  })
  const find = (request) => [...jars.values()].find((row) => row.shelfId === request.shelf.id && row.id === readId(request.params.jar))
  app.get('/shelves/:shelf/jars/:jar', (request, response, go) => find(request) ? response.json(find(request)) : go())
  app.delete('/shelves/:shelf/jars/:jar', (request, response, go) => {
    if (!find(request)) return go()
    jars.delete(find(request).id)
    response.status(204).end()
  })
  app.get('/jars', (request, response) => response.json([...jars.values()]))
  return finish(app)
}

module.exports = { upserts, nested }
