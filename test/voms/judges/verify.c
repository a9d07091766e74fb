/* Verifies the attributes of proxies with the C library of VOMS: verify CERTDIR (PROXY VOMSDIR)... prints a line for each proxy. */
#include <openssl/pem.h>
#include <stdio.h>
#include <voms/voms_apic.h>

static void verify(const char *certdir, const char *proxy, const char *vomsdir) {
  STACK_OF(X509) *chain = sk_X509_new_null();
  BIO *file = BIO_new_file(proxy, "r");
  X509 *certificate;
  while ((certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) sk_X509_push(chain, certificate);
  int error = 0;
  struct vomsdata *data = VOMS_Init((char *)vomsdir, (char *)certdir);
  if (VOMS_Retrieve(sk_X509_value(chain, 0), chain, RECURSE_CHAIN, data, &error)) {
    printf("true");
    for (struct voms **one = data->data; *one != NULL; one++)
      for (char **fqan = (*one)->fqan; *fqan != NULL; fqan++) printf(" %s", *fqan);
  } else {
    printf("false %s", VOMS_ErrorMessage(data, error, NULL, 0));
  }
  putchar('\n');
}

int main(int argc, char **argv) {
  for (int i = 2; i + 1 < argc; i += 2) verify(argv[1], argv[i], argv[i + 1]);
  return 0;
}
