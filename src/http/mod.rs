//! The one client: no redirects, no proxy, no cookies, no compression, no retries of its own.
//!
//! An [`Endpoint`] is TikTok's host or loopback, a [`Token`] cannot be printed, and a [`Reply`] says
//! of every request whether it left, and whether a whole answer came back.

mod client;
mod endpoint;
mod failure;
mod gate;
mod headers;
mod token;

pub use client::{Client, ClientError, Head};
pub use endpoint::{Endpoint, EndpointError};
pub use failure::{Cause, Reply};
pub use gate::Gate;
pub use token::{Token, TokenError};
