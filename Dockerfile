# edgekit with TensorFlow and tflite-runtime: docker build --tag edgekit .
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY edgekit edgekit
COPY recipes recipes
COPY converters converters
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
ENV EDGEKIT_HOME=/opt/edgekit
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir "$(echo /wheels/*.whl)[build]" \
 && edgekit setup \
 && chmod -R a+rX /opt/edgekit
# The user's files, and the user who may write them: docker run --volume "$PWD:/work" --user "$(id -u)"
WORKDIR /work
ENV HOME=/tmp
ENTRYPOINT ["edgekit"]
CMD ["--help"]
