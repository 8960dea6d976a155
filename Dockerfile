# The suite as an image, to run inside the cluster that it verifies: see docs/run-on-a-cluster.md.
# Another base: docker build --build-arg BASE=registry.example/python:3.13-slim .
ARG BASE=docker.io/library/python:3.13-slim
FROM ${BASE}
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /suite
COPY requirements/run.txt requirements/run.txt
RUN pip install --require-hashes -r requirements/run.txt && useradd --uid 65532 --no-create-home conformance
COPY conftest.py pyproject.toml ./
COPY conformance conformance
COPY fixtures fixtures
COPY simulator simulator
COPY manifests/s3 manifests/s3
USER 65532
ENTRYPOINT ["python", "-m", "pytest", "-c", "/suite/pyproject.toml", "-p", "fixtures.plugin"]
