mod evidence;
mod genesis;
mod history;
mod revisions;
mod veks;
