# The model in production as an image: the released bundle, its locked requirements, and nothing else.
#
#   docker build -t churn:v1.1.0 --build-arg VERSION=v1.1.0 .       (models/champion/bundle: make check fetches and verifies it)
#   docker run -p 127.0.0.1:8000:8000 -e API_KEY=... -v churn-log:/log churn:v1.1.0
FROM python:3.11-slim

# another released version: make check VERSION=v1.0.0, then --build-arg BUNDLE=models/versions/v1.0.0
ARG BUNDLE=models/champion/bundle
ARG NAME=model
ARG VERSION=

COPY ${BUNDLE}/requirements.txt /requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -r /requirements.txt
COPY ${BUNDLE} /bundle

# HOST is every address of the container, so the service asks for an API_KEY before it starts
ENV PYTHONPATH=/bundle/code PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 PREDICTION_LOG=sqlite:////log/predictions.db \
    MODEL_NAME=${NAME} MODEL_VERSION=${VERSION}

# an image whose environment answers otherwise than the release is not built
RUN python -m service.bundle /bundle

RUN useradd --system --no-create-home service && mkdir /log && chown service /log
USER service
VOLUME /log
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready')"]
CMD ["python", "-m", "service", "/bundle"]
