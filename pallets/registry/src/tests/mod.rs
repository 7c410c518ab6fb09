mod asks;
mod enrolment;
mod lifecycle;
mod offers;
