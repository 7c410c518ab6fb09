mod evidence;
mod genesis;
mod history;
mod revisions;
mod tighten;
mod veks;
