// CloudFront's viewer-request function: takes a subscriber's token out of the query, which logs and origins write
// down, and puts it into the header, which they don't. A header that brings a token already counts more.
//
// Runtime 2.0 is ECMAScript 5.1 with some additions; nothing here needs them.

var TOKEN = /^[A-Za-z0-9._~+\/=%-]{1,8192}$/;

function handler(event) {
  var request = event.request;
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
