mod evidence;
mod genesis;
mod history;
mod revisions;
mod revocation;
mod tighten;
mod veks;
