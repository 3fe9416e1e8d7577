// A token for {{client}}, with a fresh assertion for each request.
// dotnet add package Microsoft.IdentityModel.JsonWebTokens{{run}}
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

var clientId = {{client}};
using var key = {{key_class}}.Create();
key.ImportFromPem(File.ReadAllText({{key}}));

var now = DateTime.UtcNow;
var assertion = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
{
    Issuer = clientId,
    Audience = {{audience}},
    IssuedAt = now,
    Expires = now.AddSeconds({{lifetime}}),
    Claims = new Dictionary<string, object> { ["sub"] = clientId, ["jti"] = Guid.NewGuid().ToString() },
    SigningCredentials = new SigningCredentials(new {{security_key}}(key){{kid}}, {{alg}}),
});

using var http = new HttpClient();
var response = await http.PostAsync({{token_endpoint}}, new FormUrlEncodedContent(new Dictionary<string, string>
{
    ["grant_type"] = "client_credentials",
    ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ["client_assertion"] = assertion,
}));
Console.WriteLine(await response.Content.ReadAsStringAsync());
