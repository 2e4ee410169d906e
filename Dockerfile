# One image for every process; docker-compose.yml says which command each runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 EXTRACT_ROOT=/var/lib/gridcall/extracts \
    IMPORT_ROOT=/var/lib/gridcall/imports
WORKDIR /app
RUN useradd --system --uid 10001 --home-dir /app gridcall \
    && install -d -o gridcall -g gridcall "$EXTRACT_ROOT" "$IMPORT_ROOT"

COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . ./

USER gridcall
EXPOSE 8000
CMD ["uvicorn", "integration.project.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--http", "integration.project.heads:TimedHeads", "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "3"]
