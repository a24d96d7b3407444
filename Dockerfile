# The image: `ahjo` with the drivers of all databases, for a project that is mounted at /project.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY ahjo_tasks ahjo_tasks
COPY project_template project_template
RUN python -m venv /opt/ahjo && /opt/ahjo/bin/pip install --no-cache-dir ".[mssql,postgresql,mysql]"

FROM python:3.13-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends git libodbc2 \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --create-home --uid 10001 ahjo
COPY --from=build /opt/ahjo /opt/ahjo
ENV PATH="/opt/ahjo/bin:$PATH" PYTHONUNBUFFERED=1
USER ahjo
WORKDIR /project
ENTRYPOINT ["ahjo"]
