//! One request to the API: who asks, under which id, and until when it is answered.

use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use serde::de::DeserializeOwned;

use super::State;
use super::body::{BodyFault, Members, read_json, read_members, read_optional_members};
use super::current_user::{CurrentUser, Denied, identify};
use super::language::accepted;
use super::server::{RequestId, client_of};
use super::work::{Deadline, Unfinished, finish_in};
use crate::auth::{Client, locale_among};
use crate::limits::Limit;

/// One request to the API.
pub(super) struct Call {
    request: HttpRequest,
    /// What the handlers reach.
    pub(super) state: Data<State>,
    /// Who asks.
    pub(super) client: Client,
    deadline: Deadline,
}

/// The client's address asks too often: how long to wait.
pub(super) struct Limited(pub(super) Duration);

impl Call {
    /// Begins to count the time of `request`.
    pub(super) fn begin(request: HttpRequest, state: Data<State>) -> Rc<Self> {
        let client = client_of(&request, &state.server.trusted_proxies);
        let deadline = Deadline::after(state.server.request_timeout.0);
        Rc::new(Self { request, state, client, deadline })
    }

    /// The request itself.
    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The locale of somebody who names none.
    pub(super) fn locale(&self) -> Option<String> {
        locale_among(&accepted(&self.request))
    }

    /// Who a request with an access token speaks for.
    pub(super) fn user(&self) -> Result<CurrentUser, Denied> {
        identify(&self.request)
    }

    /// The id of the request.
    pub(super) fn id(&self) -> RequestId {
        RequestId::of(&self.request)
    }

    /// Reads the body; names of members are matched ignoring case.
    pub(super) async fn form<T: DeserializeOwned>(&self, payload: Payload) -> Result<T, BodyFault> {
        read_json(&self.request, payload, self.state.server.body_limit).await
    }

    /// Reads the members of the body, under their exact names.
    pub(super) async fn members(&self, payload: Payload) -> Result<Members, BodyFault> {
        read_members(&self.request, payload, self.state.server.body_limit).await
    }

    /// [`Call::members`] where a body may be absent altogether.
    pub(super) async fn optional_members(&self, payload: Payload) -> Result<Members, BodyFault> {
        read_optional_members(&self.request, payload, self.state.server.body_limit).await
    }

    /// Takes one from the quota of the client's address. Only a well-formed request costs one.
    pub(super) async fn count(&self, limit: Limit) -> Result<(), Limited> {
        self.state.limits.count(limit, self.client.address).await.map_err(Limited)
    }

    /// Runs `work` to its end, even if the client hangs up, or to the deadline; a panic in it costs this request only.
    /// Beyond the room that there is, nothing is begun.
    pub(super) fn finish<T: 'static, E: From<Unfinished> + 'static>(
        &self,
        work: impl Future<Output = Result<T, E>> + 'static,
    ) -> impl Future<Output = Result<T, E>> {
        // Boxed before it is moved: a use case is some 20 KiB.
        let work = Box::pin(work);
        async { finish_in(&self.state.room, self.deadline, work).await? }
    }
}
