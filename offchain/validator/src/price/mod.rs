//! Feeds the chain's oracle: what several sources say one α is worth, made one price.

mod combine;
mod feed;
mod source;

pub use combine::combine;
pub use feed::Feed;
pub use source::{Fetcher, Source, SourceError};
