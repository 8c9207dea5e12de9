//! What a client may rely on that ends its request with a half-close (`shutdown(fd, SHUT_WR)`), as with `nc -N`.
//!
//! The tests are in `tests/half_close.rs`; run them as yourself: `cargo test -p half-close-test`.

/// How long a client should wait for the rest of the answer before it takes the server for dead, in seconds: the kernel itself sets no
/// limit in FIN_WAIT2 while the descriptor is open.
pub const ANSWER_PATIENCE: u64 = 60;
