// CloudFront's viewer-request function. It says who the client is, in place of whatever the client wrote there. And it
// takes a subscriber's token out of the query, which logs and origins write down, and puts it into the header, which
// they don't. A header that brings a token already counts more.
//
// Runtime 2.0 is ECMAScript 5.1 with some additions; nothing here needs them.

var TOKEN = /^[A-Za-z0-9._~+\/=%-]{1,8192}$/;

function handler(event) {
  var request = event.request;
  request.headers["tailrace-viewer-address"] = { value: event.viewer.ip };
  var parameter = request.querystring.token;
  if (parameter === undefined) {
    return request;
  }
  delete request.querystring.token;
  var given = parameter.multiValue ? parameter.multiValue[parameter.multiValue.length - 1].value : parameter.value;
  var header = request.headers.authorization;
  var cookie = request.cookies && request.cookies.tailrace_token;
  if (!(header && /^bearer +\S/i.test(header.value)) && !(cookie && cookie.value) && TOKEN.test(given)) {
    request.headers.authorization = { value: "Bearer " + given };
  }
  return request;
}
