mod audit;
mod closing;
mod committee;
mod proof;
mod rules;
mod votes;
