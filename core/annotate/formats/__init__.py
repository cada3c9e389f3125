"""Files of human evaluations: read into `CampaignData` and written from it, a module a format."""
