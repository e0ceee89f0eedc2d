// node serve.js: serve every service, each at a port of its own, and print one JSON line with ports and documents.
const http = require('http')

async function main () {
  const started = {}
  for (const [name, build] of Object.entries(require('./fastify_services'))) {
    const app = await build()
    await app.listen({ host: '127.0.0.1', port: 0 })
    started[`fastify.${name}`] = { port: app.server.address().port, document: app.swagger() }
  }
  for (const [name, build] of Object.entries(require('./express_services'))) {
    const app = build()
    const server = http.createServer(app)
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    started[`express.${name}`] = { port: server.address().port, document: app.locals.document }
  }
  console.log(JSON.stringify(started))
}

process.stdin.on('close', () => process.exit(0)).resume()
main()
