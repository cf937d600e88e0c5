//! TODO
/// TODO
pub struct ProviderActor;
