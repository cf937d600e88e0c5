//! The document of the API and its page. What it says of single answers is held against every answer that any test gets
//! (`support::document`).

mod angular;
mod routes;
mod served;
mod sound;
mod walk;
