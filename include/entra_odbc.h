/* entra_odbc.h: Microsoft Entra sign-in for programs that use ODBC, as a C library. MIT licence.
 *
 *     entra_credential *credential;
 *     entra_error *error;
 *     if (entra_credential_from_string("Authentication=ActiveDirectoryMsi", &credential, &error) != 0) {
 *         fprintf(stderr, "%s\n", entra_error_message(error));
 *         entra_error_free(error);
 *     }
 *
 * Programs that connect through the ODBC driver of this library sign in by their connection string and need nothing
 * of this, unless they want to show prompts or provide tokens themselves. Programs that keep Microsoft's driver get
 * tokens here, and set them on their connections: entra_set_access_token does that.
 *
 * Linking: `pkg-config --cflags --libs entra-odbc`. Not with the driver libentra_odbc.so itself in a program that uses
 * ODBC: its SQL... functions would take the place of the driver manager's.
 *
 * Who signs in: Authentication=ActiveDirectory... with one of these names, and the keywords that it needs (and may have;
 * nearly all TenantId, and all Authority, Scope, TokenTimeout, TokenCache). The rest is in docs/keywords.md, which is
 * installed in PREFIX/share/doc/entra-odbc.
 *   Default                      whatever this machine offers (UID, ClientId)
 *   Environment                  whom azure-identity's variables name
 *   Msi                          the identity that Azure gave to this machine or app (UID, ClientId, ObjectId,
 *                                ResourceId)
 *   ServicePrincipal             an application, by its secret or certificate, or by a managed identity: UID, PWD(File)
 *                                or ClientCertificate or FederatedIdentity (ManagedIdentityClientId, ObjectId,
 *                                ResourceId)
 *   ServicePrincipalCertificate  an application, by its certificate: UID, ClientCertificate (ClientKey,
 *                                ClientCertificatePassword(File), PWD(File), SendCertificateChain)
 *   ClientAssertion              an application that someone else vouches for: UID, ClientAssertion(File)
 *   WorkloadIdentity             an application that its Kubernetes cluster vouches for (UID, ClientId,
 *                                ClientAssertionFile)
 *   AzurePipelines               the service connection of an Azure Pipelines task (UID, ClientId, ServiceConnectionId,
 *                                SystemToken(File))
 *   AzCli                        whoever ran `az login`
 *   AzureDeveloperCli            whoever ran `azd auth login`
 *   AzurePowerShell              whoever ran `Connect-AzAccount`
 *   DeviceCode                   a person with any browser anywhere, by a code (ClientId, InteractiveTimeout,
 *                                SaveAccount)
 *   Interactive                  a person with this machine's browser (UID, ClientId, RedirectUri, InteractiveTimeout,
 *                                SaveAccount)
 *   Password                     a person, by name and password: UID, PWD(File) (ClientId)
 *   RefreshToken                 a person who signed in elsewhere: RefreshToken(File) (ClientId)
 *   OnBehalfOf                   the person who called a service: UserAssertion(File), UID, PWD(File) or
 *                                ClientCertificate or ClientAssertion(File) or FederatedIdentity
 *                                (ManagedIdentityClientId, ObjectId, ResourceId, ClientKey,
 *                                ClientCertificatePassword(File), SendCertificateChain)
 *   AccessToken                  whoever the token names: AccessToken(File) or PWD
 *   TokenProvider                whoever the program has a token for, by a callback of its own: TokenProvider
 *
 * Contract
 * - Success and failure: a function that can fail answers 0 or -1, and has an `entra_error **` as its last parameter
 *   (NULL: not wanted). On failure the error is written there and is yours to free; on success NULL is. An object that
 *   a function hands out is NULL on failure.
 * - Ownership: what a function hands out as an object is yours, and goes back through the function named ..._free,
 *   which accepts NULL. Strings and memory that an object hands out belong to it and end with it. What you pass is
 *   copied: you may free it after the call. Exceptions say so where they stand.
 * - Threads: every function may be called from any thread, on the same object too. An object that one thread frees
 *   while another is in a call with it lives until that call returns; strings of it do not.
 * - NULL for an object, or for a text that must be there, is an error (HY000), or "" or 0 where nothing can fail. So is
 *   an object that was freed already or is none; freeing twice does nothing. What was freed is known for good, since
 *   objects are numbers in the guise of pointers: do not look behind them.
 * - Text is UTF-8 with a terminating NUL, at most 1 MiB; other bytes are an error (HY000). Times are milliseconds
 *   (..._ms), seconds (..._s), or seconds since 1970 in UTC (..._on), as their names say.
 * - Errors have the SQLSTATE, native code and message that the ODBC driver would give. A defect inside the library is
 *   an error, too (HY000); no function unwinds, aborts or exits.
 * - Secrets: only entra_token_text and entra_token_access_token hand out one (and entra_text_value what was in your own
 *   string). No error and no line of the log holds one. Memory of ours that held one is zeroed.
 * - Fork: a child may go on with all objects, and with its parent's tokens. A call that another thread was in at the
 *   fork does not exist in the child, nor does a request that was under way. Connections (hdbc) of the parent are the parent's.
 * - Signals: no function may be called from a signal handler. The library has no signal handler, and its own threads
 *   take no signals.
 *
 * Callbacks
 * - They are called on threads of ours, never inside a call of yours; providers on several threads at once. All signals
 *   are blocked there but those of faults (SIGSEGV and the like). `user` is yours, and is passed on as it is.
 * - What they are passed belongs to us and lives for the call.
 * - They may call every function here, may exchange or take away any callback, and may block: one that never returns
 *   keeps nobody waiting but those who want its answer, until their time is up.
 * - They end by returning. A C++ exception or longjmp must not leave one: the process would be aborted. A C++ callback
 *   catches all exceptions, as register_provider of examples/cpp/entra.hpp does, which answers with a failure.
 * - They must not end their thread, by pthread_exit or cancellation: it would sleep until the process ends.
 * - A call that is under way when its callback is taken away goes on, so `user` and the code must stay for good, or
 *   until you know that no call is under way.
 * - In a forked child callbacks stay registered. Lines of the log that wait at the fork are the parent's.
 *
 * Generated from src/capi/ by `make header`; do not edit.
 */


#ifndef ENTRA_ODBC_H
#define ENTRA_ODBC_H

#include <stddef.h>
#include <stdint.h>

// What a provider answers into. Lives for the call that it is passed to.
typedef struct entra_answer entra_answer;

// A way to end calls of entra_credential_get_token that wait, from another thread, and requests of
// entra_credential_request_token.
//
// One cancellation may be given to any number of them. Once cancelled it stays so.
typedef struct entra_cancellation entra_cancellation;

// Who signs in.
//
// It may be used by any number of threads at once. Credentials for the same identity share their tokens, also with
// connections that the ODBC driver of this library makes in the same process.
typedef struct entra_credential entra_credential;

// What went wrong in a call: a SQLSTATE, a native error and a message in words.
//
// A function that can fail has an `entra_error **error` as its last parameter. Pass the address of a pointer
// to be given the error, which is then yours to free by entra_error_free; or NULL if you only want to know
// that it failed. On success NULL is written there.
typedef struct entra_error entra_error;

// Text in UTF-8 that a call made for you; free it by entra_text_free.
typedef struct entra_text entra_text;

// An access token. It never changes; a renewed one is another object.
//
// It may be used by any number of threads at once. What it hands out belongs to it and lives until it is freed, which
// zeroes it once no other object for the same token is left.
typedef struct entra_token entra_token;

// One keyword and its value, as they would stand in a connection string, but with nothing quoted.
typedef struct entra_option {
  // The keyword, such as "UID".
  const char *keyword;
  // Its value.
  const char *value;
} entra_option;

// Takes one line of the log, without its time: level 1 error, 2 warning, 3 info, 4 debug, 5 trace.
typedef void (*entra_log_callback)(void *user, int32_t level, const char *message);

// What a person is asked to do. Lives for the call that it is passed to.
typedef struct entra_prompt {
  // The whole request in words, ready to be shown.
  const char *message;
  // The page to open.
  const char *url;
  // What to type there; NULL where the page needs no code.
  const char *user_code;
  // For how many seconds an answer is waited for.
  uint32_t expires_in_s;
} entra_prompt;

// Shows a prompt to a person, and returns.
typedef void (*entra_prompt_callback)(void *user, const struct entra_prompt *prompt);

// Told that the sign-in of a prompt has ended: account is the name of who signed in, "" where their token has none, and
// NULL where nobody signed in.
typedef void (*entra_prompt_end_callback)(void *user,
                                          const struct entra_prompt *prompt,
                                          const char *account);

// Gets a token for `scope` within patience_ms, and answers by entra_answer_token or entra_answer_failure before it
// returns.
typedef void (*entra_provider_callback)(void *user,
                                        const char *scope,
                                        uint32_t patience_ms,
                                        struct entra_answer *answer);

// Is told how a request ended: by a token, or by an error; the other one is NULL. Both are yours, to be freed.
typedef void (*entra_token_callback)(void *user,
                                     struct entra_token *token,
                                     struct entra_error *error);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// A cancellation that is not cancelled yet; free it by entra_cancellation_free.
struct entra_cancellation *entra_cancellation_new(void);

// Ends what waits with this cancellation, and all that is begun with it later: it fails with SQLSTATE HY008.
//
// Returns at once. A request that nobody else waits for is broken off, a prompt included; what others wait for
// goes on. May be called from any thread, but not from a signal handler. For NULL nothing happens.
void entra_cancellation_cancel(const struct entra_cancellation *cancellation);

// Frees a cancellation, which must not be used afterwards; calls that wait with it wait on. NULL is allowed.
void entra_cancellation_free(struct entra_cancellation *cancellation);

// Gets a token and sets it on a driver manager's connection handle, before that is connected.
//
// hdbc: the handle, allocated and not connected.
// credential, scope, timeout_ms: as for entra_credential_get_token.
// set_connect_attr: the address of the SQLSetConnectAttr (or ...W) that belongs to the handle. NULL: the one in the
// program's global scope, else that of the one driver manager that is loaded; none or several is an error (HY000). No
// library is loaded for it.
//
// This call cannot see the server, so nothing keeps the token from going to a wrong one but the string that you connect
// with: take it from entra_stock_connection_string, which checks where the token goes. Driver 18 also refuses UID, PWD,
// Authentication and Trusted_Connection beside a token, and prompts (use SQL_DRIVER_NOPROMPT).
//
// A driver manager that pools connections (unixODBC with Pooling=Yes in odbcinst.ini, and from 2.3.12 on where a program
// asks for it) knows them by their string alone: with Microsoft's driver itself, a second person's token beside an equal
// string gets the first one's connection. Have the strings of different people differ there, by APP= for instance.
//
// The driver keeps the pointer to the token, and reads it again whenever it reconnects an idle connection. So the token
// stays in memory, and is replaced by each renewed one, until entra_release_access_token is called for the handle: not
// before its connection is closed and, where the driver manager pools connections, not before the program ends. Setting
// one on the same handle again takes the place of the last one.
//
// A handle may be freed while the driver manager keeps its connection, and its address given out again: then the token
// of another identity gets memory of its own, and the last one's is zeroed. That memory is never unmapped and never
// used for another identity. So a pooled connection that is lost comes back as whom it was opened for, where the next
// token of that identity has taken the place, or breaks; it neither crashes nor becomes somebody else. Each handle
// with a token costs 16 KiB; a token that was given up costs address space until its identity has another one.
//
// Errors are those of entra_credential_get_token, and HY000 where the driver manager refuses the token: then the
// diagnostics of hdbc say why (HY011 where it is connected already). HY000 also once 64 GiB of addresses are reserved,
// after some four million tokens that were given up, each of another identity: restart the program.
int32_t entra_set_access_token(void *hdbc,
                               const struct entra_credential *credential,
                               const char *scope,
                               uint32_t timeout_ms,
                               void *set_connect_attr,
                               struct entra_error **error);

// Gives up the token that entra_set_access_token keeps for a handle. It is zeroed, and renewed no more; its addresses
// stay reserved for the same identity.
//
// Call it once the connection is closed. Where it is not, the driver finds no token the next time that it reconnects,
// and the connection breaks. A handle without a token is no error; NULL is.
int32_t entra_release_access_token(void *hdbc,
                                   struct entra_error **error);

// How many handles have a token that entra_set_access_token keeps.
size_t entra_access_tokens_held(void);

// Makes a credential from the keywords of a connection string.
//
// They are those of the ODBC driver (docs/keywords.md), such as
// "Authentication=ActiveDirectoryServicePrincipal;UID=...;PWD=...;TenantId=...". SERVER= is optional: it tells the cloud,
// and the tenant where no keyword names it. A DSN= is looked up. What is not about signing in is ignored.
//
// The keywords are checked, and nobody is asked for a token yet. Without Authentication= (or AccessToken=) it is an
// error. What the keywords refer to, such as files, variables and tools, is looked at anew for each token.
int32_t entra_credential_from_string(const char *connection_string,
                                     struct entra_credential **credential,
                                     struct entra_error **error);

// Makes a credential from `count` keywords and their values, in which nothing is quoted: a value may hold ; and }.
//
// The same as entra_credential_from_string in all else. The options, at most 1,000, are copied.
int32_t entra_credential_from_options(const struct entra_option *options,
                                      size_t count,
                                      struct entra_credential **credential,
                                      struct entra_error **error);

// Frees a credential, which must not be used afterwards; calls under way go on. NULL is allowed.
void entra_credential_free(struct entra_credential *credential);

// Gets a living token, from memory or by a request that all who wait for the same identity share.
//
// scope: NULL or "" for that of Scope=, else Azure SQL's in the credential's cloud. A resource without "/.default" is
// taken as its scope.
// timeout_ms: for how long to wait, in milliseconds; 0 for the 15 seconds that a login has. TokenTimeout= may make it
// less. While a person is asked to sign in, the call waits for that person (InteractiveTimeout=, 300 s).
// cancellation: ends the wait from another thread; may be NULL.
//
// Blocks the calling thread, unless a token is in memory. Errors: 28000 Entra refused (the native error is the AADSTS
// number), 08001 the token endpoint cannot be reached, HYT00 no token in time, HY008 cancelled, HYC00 a person would
// have to be asked and cannot be, HY000 the keywords cannot work. The token is yours, to be freed by entra_token_free.
int32_t entra_credential_get_token(const struct entra_credential *credential,
                                   const char *scope,
                                   uint32_t timeout_ms,
                                   const struct entra_cancellation *cancellation,
                                   struct entra_token **token,
                                   struct entra_error **error);

// The five characters of the error's SQLSTATE, such as "28000".
//
// The string belongs to the error and lives until it is freed. For NULL the answer is "".
const char *entra_error_sqlstate(const struct entra_error *error);

// The native error: the AADSTS number where Entra refused, else 0. For NULL the answer is 0.
int32_t entra_error_native(const struct entra_error *error);

// What failed, why, and what to do, in UTF-8. Never holds a secret.
//
// The string belongs to the error and lives until it is freed. For NULL the answer is "".
const char *entra_error_message(const struct entra_error *error);

// Frees an error, which must not be used afterwards. NULL is allowed.
void entra_error_free(struct entra_error *error);

// Has the lines of the log told to your callback, from `level` (1 to 5) on: 3 is one line for each decision.
//
// NULL takes the last one away, whatever the level. See "Callbacks" above: it is called on a thread of ours, one line
// after the other, and lines that come while 1,000 wait are left out and counted. Lines hold names and ids, never a
// secret. What ENTRA_ODBC_LOG asks for is written as well.
int32_t entra_on_log(entra_log_callback callback,
                     void *user,
                     int32_t level,
                     struct entra_error **error);

// Has prompts (device codes, sign-in pages) shown by your callback from now on, instead of on the terminal.
//
// NULL takes the last one away. See "Callbacks" above: it is called on a thread of ours.
void entra_on_prompt(entra_prompt_callback callback,
                     void *user);

// Has your callback told from now on when the sign-in of a prompt has ended, so that it can take its code and page away.
//
// NULL takes the last one away. It is called on the thread on which the prompt was shown, after the callback of
// entra_on_prompt has returned, for which the sign-in waits for up to a second. Prompts that were shown before, on the terminal
// or by another callback, are told of as well.
void entra_on_prompt_end(entra_prompt_end_callback callback,
                         void *user);

// Has your callback provide the tokens for Authentication=TokenProvider;TokenProvider=name, in credentials and in
// connections of the ODBC driver of this library.
//
// name: not empty; upper and lower case differ, and blanks around it do not count.
//
// NULL takes the callback of that name away. See "Callbacks" above: it is called on a thread of ours, for each token
// that is wanted, and several times at once where several are. An answer that comes after patience_ms is thrown away;
// once 64 calls of one provider have not returned, it is called no more until one does.
int32_t entra_register_provider(const char *name,
                                entra_provider_callback callback,
                                void *user,
                                struct entra_error **error);

// Answers with a token, which is copied.
//
// expires_on: when it ends, in seconds since 1970; 0 where only the token itself says it.
// identity: whose it is, by a name of your own choice that is never that of anyone else. With it, the token of an open
// connection is renewed by calling the provider again. NULL: none; then each token serves what it was asked for alone.
// Answers -1 if a parameter is NULL or not UTF-8, or the call was answered or is over.
int32_t entra_answer_token(struct entra_answer *answer,
                           const char *token,
                           int64_t expires_on,
                           const char *identity);

// Answers that there is no token, and why: text without secrets, told to whoever wanted the token.
//
// Answers -1 if the message is NULL or not UTF-8, or the call was answered or is over.
int32_t entra_answer_failure(struct entra_answer *answer, const char *message);

// Rewrites a connection string for Microsoft's driver, beside which a token is set: our keywords go, and the server and its
// certificate are named before all else, so that the token goes there and nowhere else.
//
// The rules of docs/trust.md decide, as in a connect of the ODBC driver: a server that a token may not go to is an error
// (HY000) that says what to do, and so is a string without SERVER= (in it or in its DSN). They are applied whoever brings
// the token, also to a string that has none of our authentication modes, and for a token of SQL Server's audience whatever Scope=
// says; a string that leaves the sign-in to the driver by Authentication= is an error. A DSN= becomes the DRIVER= that it
// names and what it says. Where nothing vouches for the server (TrustServerCertificate=yes, Encrypt=no) it is asked
// whether it redirects, once in five minutes, for at most 15 seconds. The text is yours, to be freed by entra_text_free.
int32_t entra_stock_connection_string(const char *connection_string,
                                      struct entra_text **stock,
                                      struct entra_error **error);

// The text itself. It belongs to the object and lives until that is freed. For NULL the answer is "".
const char *entra_text_value(const struct entra_text *text);

// Frees a text, which must not be used afterwards. NULL is allowed.
void entra_text_free(struct entra_text *text);

// The token itself, as it came from Entra. A secret: whoever has it is the one it names. For NULL the answer is "".
const char *entra_token_text(const struct entra_token *token);

// When the token ends, in seconds since 1970 (UTC); 0 where nobody knows, and for NULL.
int64_t entra_token_expires_on(const struct entra_token *token);

// Whom the token names: a person's user name, or an application's client id. "" where it does not say.
//
// This and the following four are read from the token without verifying it: for messages, not for decisions.
const char *entra_token_principal(const struct entra_token *token);

// The tenant (claim tid). "" where the token does not say.
const char *entra_token_tenant_id(const struct entra_token *token);

// The object id of who signed in (claim oid). "" where the token does not say.
const char *entra_token_object_id(const struct entra_token *token);

// The application that the token was issued to (claim appid or azp). "" where the token does not say.
const char *entra_token_client_id(const struct entra_token *token);

// Whom the token is for (claim aud). "" where the token does not say.
const char *entra_token_audience(const struct entra_token *token);

// The struct that the attribute SQL_COPT_SS_ACCESS_TOKEN (1256) takes, and its size in bytes.
//
// It is Microsoft's ACCESSTOKEN: four bytes with the length of what follows, then the token in UTF-16LE. It belongs to
// the token: Driver 18 keeps the pointer for as long as the connection lives, so either keep the token as long, or have
// entra_set_access_token see to it. size may be NULL. For NULL the answer is NULL and the size 0.
const void *entra_token_access_token(const struct entra_token *token,
                                     size_t *size);

// Frees a token, which must not be used afterwards. NULL is allowed.
void entra_token_free(struct entra_token *token);

// Gets a token as entra_credential_get_token does, without blocking the calling thread.
//
// The parameters are those of entra_credential_get_token, and so are the errors that the callback is told. Any number
// of requests may be under way; waiting costs no thread. The answer -1 says that the request cannot be begun; the
// callback is then not called.
//
// Else the callback is called exactly once, also where the token is in memory or the request was cancelled. See
// "Callbacks" above: it is called on a thread of ours, which it may block, and perhaps before this function returns.
// The credential and the cancellation may be freed before.
int32_t entra_credential_request_token(const struct entra_credential *credential,
                                       const char *scope,
                                       uint32_t timeout_ms,
                                       const struct entra_cancellation *cancellation,
                                       entra_token_callback callback,
                                       void *user,
                                       struct entra_error **error);

// The version of this library, such as "0.1.0".
//
// The string lives as long as the process. Never NULL. May be called from any thread at any time; it is
// also the name by which the library knows copies of itself.
const char *entra_odbc_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ENTRA_ODBC_H */
