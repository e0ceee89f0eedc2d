"""Real services that are installed within a few minutes, in the form that ``real_service`` describes."""

from benchmarks.real.real_service import Login, RealService

SMALL_SERVICES = (
    RealService(
        "kinto",
        python=("kinto==26.5.0",),
        files={
            "kinto.ini": "[server:main]\nuse = egg:waitress#main\nhost = 127.0.0.1\nport = {port}\n"
            "[app:main]\nuse = egg:kinto\nkinto.storage_backend = kinto.core.storage.memory\n"
            "kinto.cache_backend = kinto.core.cache.memory\nkinto.permission_backend = kinto.core.permission.memory\n"
            "kinto.userid_hmac_secret = a-secret-of-the-real-services\nkinto.includes = kinto.plugins.accounts\n"
            "multiauth.policies = account\nmultiauth.policy.account.use = kinto.plugins.accounts.AccountsPolicy\n"
            "kinto.account_create_principals = system.Everyone\nkinto.account_write_principals = account:admin\n"
            "kinto.bucket_create_principals = account:admin\n"
        },
        start="{bin}/kinto start --ini {data}/kinto.ini --port {port}",
        document="/v1/__api__",
        ready="/v1/",
        login=Login(
            "/v1/accounts",
            {"data": {"id": "admin", "password": "secret"}},
            field="data",
            header="Authorization: Basic YWRtaW46c2VjcmV0",
        ),
    ),
    RealService(
        "jupyter",
        python=("jupyter-server==2.21.1", "ipykernel==7.4.0"),
        environment={
            "JUPYTER_CONFIG_DIR": "{data}/config",
            "JUPYTER_DATA_DIR": "{data}/data",
            "JUPYTER_RUNTIME_DIR": "{data}/runtime",
        },
        files={"notes.txt": "hello\n"},
        start="{bin}/jupyter server --allow-root --no-browser --ServerApp.ip=127.0.0.1 --ServerApp.port={port} "
        "--ServerApp.port_retries=0 --IdentityProvider.token=secret --ServerApp.root_dir={data}",
        document="/api/spec.yaml",
        ready="/api",
        headers=("Authorization: token secret",),
    ),
    RealService(
        "tiled",
        python=("tiled[server]==0.2.20",),
        prepare=("mkdir {data}/files",),
        start="{bin}/tiled serve catalog {data}/catalog.db --init --write {data}/files --public --api-key secret "
        "--host 127.0.0.1 --port {port}",
        document="/openapi.json",
        ready="/healthz",
        headers=("Authorization: Apikey secret",),
    ),
    RealService(
        "changedetection",
        python=("changedetection.io==0.60.10",),
        files={
            "changedetection.json": '{{"settings": {{"application": '
            '{{"api_access_token": "0123456789abcdef0123456789abcdef"}}}}}}\n'
        },
        environment=dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
        start="{bin}/changedetection.io -C -d {data} -h 127.0.0.1 -p {port}",
        document="/api/v1/full-spec",
        ready="/",
        headers=("x-api-key: 0123456789abcdef0123456789abcdef",),
    ),
    RealService(
        "pygeoapi",
        python=("pygeoapi==0.21.0",),
        files={
            "places.geojson": '{{"type": "FeatureCollection", "features": ['
            '{{"type": "Feature", "id": 1, "geometry": {{"type": "Point", "coordinates": [3.5, 2.25]}}, '
            '"properties": {{"name": "a", "population": 1000, "kind": "town"}}}},'
            '{{"type": "Feature", "id": 2, "geometry": {{"type": "Point", "coordinates": [7.0, 4.5]}}, '
            '"properties": {{"name": "b", "population": 2000, "kind": "city"}}}}]}}\n',
            "config.yml": "server:\n  bind: {{host: 127.0.0.1, port: {port}}}\n  url: http://127.0.0.1:{port}\n"
            "  mimetype: application/json; charset=UTF-8\n  encoding: utf-8\n  languages: [en-US]\n"
            "  limits: {{default_items: 10, max_items: 50}}\n"
            "  map: {{url: 'http://127.0.0.1:9/{{z}}/{{x}}/{{y}}.png', attribution: none}}\n"
            "logging: {{level: ERROR}}\nmetadata:\n  identification:\n    title: Places\n    description: Places\n"
            "    keywords: [places]\n    terms_of_service: none\n    url: http://127.0.0.1:{port}\n"
            "  license: {{name: CC0, url: 'http://127.0.0.1:{port}/licence'}}\n"
            "  provider: {{name: Nobody, url: 'http://127.0.0.1:{port}'}}\n"
            "  contact: {{name: Nobody, email: a@example.org}}\n"
            "resources:\n  places:\n    type: collection\n    title: Places\n    description: Places\n"
            "    keywords: [places]\n    extents:\n      spatial:\n        bbox: [-180, -90, 180, 90]\n"
            "        crs: http://www.opengis.net/def/crs/OGC/1.3/CRS84\n    providers:\n"
            "      - {{type: feature, name: GeoJSON, data: {data}/places.geojson, id_field: id, editable: true}}\n"
            "  hello-world:\n    type: process\n    processor: {{name: HelloWorld}}\n",
        },
        environment={"PYGEOAPI_CONFIG": "{data}/config.yml", "PYGEOAPI_OPENAPI": "{data}/openapi.json"},
        prepare=("{bin}/pygeoapi openapi generate {data}/config.yml --format json --output-file {data}/openapi.json",),
        start="{bin}/pygeoapi serve --flask",
        document="/openapi?f=json",
        ready="/",
    ),
    RealService(
        "directus",
        node=("directus@11.3.5",),
        programs=("node", "npm"),
        environment={
            "HOST": "127.0.0.1",
            "PORT": "{port}",
            "PUBLIC_URL": "http://127.0.0.1:{port}",
            "DB_CLIENT": "sqlite3",
            "DB_FILENAME": "{data}/data.db",
            "SECRET": "a-secret-of-the-real-services",
            "ADMIN_EMAIL": "admin@example.com",
            "ADMIN_PASSWORD": "admin1234",
            "ADMIN_TOKEN": "a-token-of-the-real-services",
            "STORAGE_LOCAL_ROOT": "{data}",
            "EXTENSIONS_PATH": "{data}/extensions",
            "TELEMETRY": "false",
            "LOG_LEVEL": "error",
        },
        prepare=("{home}/node_modules/.bin/directus bootstrap",),
        start="{home}/node_modules/.bin/directus start",
        document="/server/specs/oas",
        ready="/server/ping",
        headers=("Authorization: Bearer a-token-of-the-real-services",),
    ),
    RealService(
        "phoenix",
        python=("arize-phoenix==20.26.1",),
        environment={
            "PHOENIX_WORKING_DIR": "{data}",
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": "{port}",
            "PHOENIX_GRPC_PORT": "{spare_port}",
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        start="{bin}/phoenix serve",
        document="/openapi.json",
        ready="/healthz",
    ),
)
