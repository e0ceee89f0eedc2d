"""The real services, in the form that ``real_service`` describes."""

from benchmarks.real.real_service import Login, RealService
from benchmarks.real.small_services import SMALL_SERVICES

_PG_CTL = "runuser -u postgres -- {pg}/pg_ctl -D {data}/pg"

SERVICES = (
    RealService(
        "chroma",
        python=("chromadb==1.5.9",),
        start="{bin}/chroma run --path {data}/store --host 127.0.0.1 --port {port}",
        document="/openapi.json",
        ready="/api/v2/heartbeat",
    ),
    RealService(
        "powerdns",
        debian=("pdns-server", "pdns-backend-sqlite3", "sqlite3"),
        programs=("pdns_server", "pdnsutil", "sqlite3"),
        files={
            "pdns.conf": "launch=gsqlite3\ngsqlite3-database={data}/zones.db\ngsqlite3-dnssec=yes\n"
            "local-address=127.0.0.1\nlocal-port={spare_port}\napi=yes\napi-key=secret\nwebserver=yes\n"
            "webserver-address=127.0.0.1\nwebserver-port={port}\nwebserver-allow-from=127.0.0.1\nsocket-dir={data}\n"
        },
        prepare=(
            "sqlite3 {data}/zones.db '.read /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'",
            "pdnsutil --config-dir={data} create-zone example.org ns1.example.org",
        ),
        start="pdns_server --config-dir={data}",
        document="/api/docs",
        ready="/api/v1/servers",
        headers=("X-API-Key: secret",),
    ),
    RealService(
        "langgraph",
        python=("langgraph-cli[inmem]==0.4.40", "langgraph-api==0.16.7"),
        files={
            "graph.py": "from langgraph.graph import END, START, StateGraph\n\n"
            "builder = StateGraph(dict)\nbuilder.add_node('count', lambda state: {{'steps': 1}})\n"
            "builder.add_edge(START, 'count')\nbuilder.add_edge('count', END)\ngraph = builder.compile()\n",
            "langgraph.json": '{{"dependencies": ["."], "graphs": {{"agent": "./graph.py:graph"}}}}\n',
        },
        environment={"LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1"},
        start="{bin}/langgraph dev --host 127.0.0.1 --port {port} --no-browser --no-reload",
        document="/openapi.json",
        ready="/ok",
    ),
    RealService(
        "prefect",
        python=("prefect==3.9.1",),
        environment={
            "PREFECT_HOME": "{data}",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
        },
        start="{bin}/prefect server start --host 127.0.0.1 --port {port}",
        document="/openapi.json",
        ready="/api/health",
    ),
    RealService(
        "airflow",
        python=("apache-airflow==3.3.2",),
        environment={
            "AIRFLOW_HOME": "{data}",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": "{data}/passwords.json",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-the-real-services-and-of-nothing-else",
        },
        files={"passwords.json": '{{"admin": "admin"}}\n'},
        prepare=("{bin}/airflow db migrate", "{bin}/airflow dags reserialize"),
        start="{bin}/airflow api-server --host 127.0.0.1 --port {port}",
        document="/openapi.json",
        ready="/api/v2/version",
        login=Login("/auth/token", {"username": "admin", "password": "admin"}),
    ),
    RealService(
        "superset",
        python=("apache-superset==6.1.0", "gunicorn", "flask-caching<2.4", "rich", "cachetools"),
        environment={
            "SUPERSET_HOME": "{data}",
            "SUPERSET_CONFIG_PATH": "{data}/superset_config.py",
            "FLASK_APP": "superset",
        },
        files={
            "superset_config.py": 'SECRET_KEY = "a-secret-of-the-real-services-and-of-nothing-else"\n'
            'SQLALCHEMY_DATABASE_URI = "sqlite:///{data}/superset.db?check_same_thread=false"\n'
            "WTF_CSRF_ENABLED = False\nTALISMAN_ENABLED = False\nFAB_API_SWAGGER_UI = True\nRATELIMIT_ENABLED = False\n"
        },
        prepare=(
            "{bin}/superset db upgrade",
            "{bin}/superset fab create-admin --username admin --password admin --firstname A --lastname B --email a@b",
            "{bin}/superset init",
        ),
        start="{bin}/gunicorn -w 1 -k gthread --threads 4 --timeout 120 -b 127.0.0.1:{port} superset.app:create_app()",
        document="/api/v1/_openapi",
        ready="/health",
        login=Login("/api/v1/security/login", {"username": "admin", "password": "admin", "provider": "db"}),
    ),
    RealService(
        "unleash",
        node=("unleash-server@7.5.1",),
        debian=("postgresql",),
        programs=("node", "npm", "runuser", "{pg}/initdb"),
        prepare=(
            "mkdir {data}/pg",
            "chown postgres {data}/pg",
            "runuser -u postgres -- {pg}/initdb -D {data}/pg -U postgres -A trust",
            _PG_CTL + " -o '-c unix_socket_directories={data}/pg -c listen_addresses= -c fsync=off' -w start",
            "runuser -u postgres -- {pg}/createdb -h {data}/pg -U postgres unleash",
        ),
        environment={
            "DATABASE_HOST": "{data}/pg",
            "DATABASE_NAME": "unleash",
            "DATABASE_USERNAME": "postgres",
            "DATABASE_PASSWORD": "none",
            "DATABASE_SSL": "false",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "{port}",
            "INIT_ADMIN_API_TOKENS": "*:*.specduetadmin",
            "CHECK_VERSION": "false",
            "SEND_TELEMETRY": "false",
            "LOG_LEVEL": "warn",
        },
        start="node {home}/node_modules/unleash-server/dist/server.js",
        document="/docs/openapi.json",
        ready="/health",
        headers=("Authorization: *:*.specduetadmin",),
    ),
    *SMALL_SERVICES,
)
