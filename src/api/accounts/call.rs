//! One request to one of the six routes: who asks, under which id, and until when it is answered.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use crate::api::State;
use crate::api::body::{BodyFault, read_json};
use crate::api::error::{Refusal, Route};
use crate::api::server::{RequestId, client_of};
use crate::api::work::{Deadline, finish_in};
use crate::auth::Client;
use crate::limits::Limit;

/// One request to one of the six routes.
pub(super) struct Call {
    route: Route,
    request: HttpRequest,
    /// What the handlers reach.
    pub(super) state: Data<State>,
    /// Who asks.
    pub(super) client: Client,
    deadline: Deadline,
}

impl Call {
    /// Begins to count the time of `request`.
    pub(super) fn begin(route: Route, request: HttpRequest, state: Data<State>) -> Rc<Self> {
        let client = client_of(&request, &state.server.trusted_proxies);
        let deadline = Deadline::after(state.server.request_timeout.0);
        Rc::new(Self { route, request, state, client, deadline })
    }

    /// The request itself.
    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Reads the body.
    pub(super) async fn form<T: DeserializeOwned>(&self, payload: Payload) -> Result<T, BodyFault> {
        read_json(&self.request, payload, self.state.server.body_limit).await
    }

    /// Takes one from the quota of the client's address. Only a well-formed request costs one.
    pub(super) async fn count(&self, limit: Limit) -> Result<(), Refusal> {
        self.state.limits.count(limit, self.client.address).await.map_err(Refusal::Limited)
    }

    /// Runs `work` to its end, even if the client hangs up, or to the deadline; a panic in it costs this request only.
    /// Beyond the room that there is, nothing is begun.
    pub(super) fn finish<T: 'static>(
        &self,
        work: impl Future<Output = Result<T, Refusal>> + 'static,
    ) -> impl Future<Output = Result<T, Refusal>> {
        // Boxed before it is moved: a use case is some 20 KiB.
        let work = Box::pin(work);
        async { finish_in(&self.state.room, self.deadline, work).await? }
    }

    /// The answer, or the refusal in the route's shape.
    pub(super) fn answer(&self, result: Result<HttpResponse, Refusal>) -> HttpResponse {
        result.unwrap_or_else(|refusal| self.route.refuse(refusal, &RequestId::of(&self.request)))
    }
}
