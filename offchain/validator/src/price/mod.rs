//! Price feed for the chain's oracle. It combines the prices of one α from several sources into one
//! price.

mod combine;
mod feed;
mod source;

pub use combine::combine;
pub use feed::Feed;
pub use source::{Fetcher, Source, SourceError};
