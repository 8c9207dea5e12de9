# An image with nothing in it but the static program: docker build --tag finwait .
#
# The isolated lab makes network namespaces and TUN devices: docker run --rm -it --cap-add NET_ADMIN --cap-add SYS_ADMIN
# --security-opt apparmor=unconfined --device /dev/net/tun finwait. Without these the loopback lab takes over.
FROM rust:1-alpine AS build
# The startup files and headers of musl, which its linking needs.
RUN apk add --no-cache musl-dev
WORKDIR /finwait
COPY . .
RUN cargo build --release --locked && cp target/release/finwait /finwait.bin

FROM scratch
COPY --from=build /finwait.bin /finwait
COPY --from=build /finwait/LICENSE-MIT /finwait/LICENSE-APACHE /licences/
ENV TERM=xterm-256color HOME=/
ENTRYPOINT ["/finwait"]
