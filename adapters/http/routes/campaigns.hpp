// Campaigns, as other routes start them.
#pragma once

#include "actors/campaign/campaign.hpp"
#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

// As the settings say for what is told by itself.
CampaignPace default_pace(const Services& services);
// Its id. A repetition by its Idempotency-Key gives the first one's.
Awaitable<Result<Uuid>> start_campaign(Context& context, const Request& request, actors::StartCampaign command);

}  // namespace strowger::http::routes
