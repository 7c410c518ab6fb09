mod asks;
mod enrolment;
mod lifecycle;
