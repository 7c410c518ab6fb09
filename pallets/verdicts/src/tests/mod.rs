mod audit;
mod clock;
mod committee;
mod proof;
mod rules;
mod votes;
