//! Endpoints: processes that own descriptors and make socket calls on request.
//!
//! `protocol` is what is said on the control socket; `native` is the endpoint that makes the calls raw.
//! `docs/endpoint-protocol.md` says the same to people who write one in another language.

pub mod native;
pub mod protocol;
