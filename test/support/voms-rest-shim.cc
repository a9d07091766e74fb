// Debian's voms-server 2.1.0~rc3 leaves GET to a hook that gSOAP 2.8.124 does not call any more, and so answers nothing by REST.
// Preloaded, this calls the hook.
#include <dlfcn.h>
#include <stdsoap2.h>

static int (*parse)(struct soap *);

static int parse_and_get(struct soap *soap) {
  const int result = parse(soap);
  return result == SOAP_OK && soap->status == SOAP_GET && soap->fget ? soap->fget(soap) : result;
}

extern "C" struct soap *soap_new_REQUIRE_lib_v208124(soap_mode in, soap_mode out) {
  using Make = struct soap *(*)(soap_mode, soap_mode);
  struct soap *soap = reinterpret_cast<Make>(dlsym(RTLD_NEXT, "soap_new_REQUIRE_lib_v208124"))(in, out);
  if (soap) {
    parse = soap->fparse;
    soap->fparse = parse_and_get;
  }
  return soap;
}
