//! Price feed for the oracle of the chain: combines what several sources report for one α into one
//! price.

mod combine;
mod feed;
mod source;

pub use combine::combine;
pub use feed::Feed;
pub use source::{Fetcher, Source, SourceError};
