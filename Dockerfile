ARG GO_VERSION=1.26

FROM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION="${VERSION}"

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="kratosgrpc" \
      org.opencontainers.image.description="gRPC and REST in front of any version of Ory Kratos" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/kratosgrpc/kratosgrpc" \
      org.opencontainers.image.version="${VERSION}"
# To verify a Kratos behind TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/.bin/kratosgrpc /kratosgrpc
USER 65532:65532
# gRPC and REST.
EXPOSE 9090 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/kratosgrpc", "healthcheck"]
ENTRYPOINT ["/kratosgrpc"]
CMD ["serve"]
