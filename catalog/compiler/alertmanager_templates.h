#pragma once

#include <string_view>

namespace basewatch::catalog {

// alertmanager/templates/basewatch.tmpl: the texts of Slack, PagerDuty and e-mail. They are the same
// for every site; what differs stands in the alerts.
extern const std::string_view kAlertmanagerTemplates;

}  // namespace basewatch::catalog
