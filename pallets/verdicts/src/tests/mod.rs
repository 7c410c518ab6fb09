mod clock;
mod committee;
mod votes;
