# One image for web, workers and scheduler; docker-compose.yml says which of them a container is.

FROM node:24-slim AS frontend
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error

FROM python:3.12-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/pip install --no-cache-dir --quiet --disable-pip-version-check -r requirements.txt

FROM packages AS build
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH
COPY . .
COPY --from=frontend /src/node_modules node_modules
# The settings want every secret to be there; these open nothing and do not reach the final image.
RUN python -m bankcrm.frontend \
    && export PRODUCTION=1 ALLOWED_HOSTS=build STATIC_ROOT=/app/staticfiles SECRET_KEY=build \
        FIELD_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= HASH_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
        DATABASE_URL=postgres://build REDIS_URL=redis://build EMAIL_URL=consolemail:// \
    && python manage.py compile_translations \
    && python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf node_modules tests benchmarks

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home bankcrm \
    && install -d -o bankcrm -g bankcrm /var/lib/bankcrm/uploads
COPY --from=packages /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRODUCTION=1 \
    STATIC_ROOT=/app/staticfiles \
    UPLOADS_DIR=/var/lib/bankcrm/uploads
USER bankcrm
EXPOSE 8000
CMD ["gunicorn", "-c", "python:bankcrm.gunicorn", "bankcrm.wsgi"]
