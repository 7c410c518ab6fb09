mod audit;
mod clock;
mod committee;
mod proof;
mod votes;
