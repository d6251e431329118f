// CloudFront's viewer-request function for the API: it says who the client is, in place of whatever the client wrote
// there. It changes nothing else: a query belongs to the workflow that it is sent to.

function handler(event) {
  event.request.headers["tailrace-viewer-address"] = { value: event.viewer.ip };
  return event.request;
}
