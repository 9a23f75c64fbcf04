# One image for web, worker and release; the command chooses (Procfile has all three). It holds no secret: settings come
# from the environment when it runs.
#   docker build --tag paydesk .

# The version of Python that the tests run on.
FROM python:3.11-slim-bookworm AS packages
COPY requirements.txt constraints.txt /build/
# Wheels only: what is built from source would need a compiler, and could run anything.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --requirement /build/requirements.txt --constraint /build/constraints.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin paydesk
WORKDIR /srv/paydesk
COPY --from=packages /opt/venv /opt/venv
COPY config.py gunicorn.conf.py pyproject.toml wsgi.py ./
COPY app app
COPY dashboards dashboards
COPY templates templates
# What flask preflight compares Prometheus with.
COPY monitoring/rules monitoring/rules
# The code stays root's, so that the service cannot change it; therefore it is compiled now.
RUN python -m compileall -q .
USER 10001:10001
EXPOSE 8003
# Without curl, and past any proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8003), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
CMD ["gunicorn", "wsgi:app"]
