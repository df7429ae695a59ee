using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A request that is answered with a Kubernetes Status of failure.</summary>
/// <param name="code">The HTTP status code.</param>
/// <param name="reason">The machine-readable reason, for example <c>NotFound</c>.</param>
/// <param name="message">For people.</param>
internal sealed class ApiException(HttpStatusCode code, string reason, string message) : Exception(message)
{
    public HttpStatusCode Code { get; } = code;

    public string Reason { get; } = reason;

    /// <summary>What the request was about: name, group, kind, causes.</summary>
    public JsonObject? Details { get; init; }

    /// <summary>Sent as <c>Retry-After</c> as well; 0 for none.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>The body of the answer.</summary>
    public JsonObject ToStatus() => Status(Code, Reason, Message, Details, RetryAfterSeconds);

    /// <summary>A Status of failure.</summary>
    public static JsonObject Status(HttpStatusCode code, string reason, string message, JsonObject? details = null, int retryAfterSeconds = 0)
    {
        var copy = details.Copy() ?? [];
        if (retryAfterSeconds > 0)
        {
            copy["retryAfterSeconds"] = retryAfterSeconds;
        }

        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = message,
            ["reason"] = reason,
            ["details"] = copy,
            ["code"] = (int)code,
        };
    }

    public static ApiException NotFound(string resource, string name, string group = "") =>
        new(HttpStatusCode.NotFound, "NotFound", $"{(group.Length == 0 ? resource : $"{resource}.{group}")} \"{name}\" not found")
        {
            Details = new JsonObject { ["name"] = name, ["group"] = group, ["kind"] = resource },
        };

    public static ApiException PathNotFound() =>
        new(HttpStatusCode.NotFound, "NotFound", "the server could not find the requested resource");

    public static ApiException BadRequest(string message) => new(HttpStatusCode.BadRequest, "BadRequest", message);

    public static ApiException MethodNotAllowed(string message) => new(HttpStatusCode.MethodNotAllowed, "MethodNotAllowed", message);

    public static ApiException UnsupportedMediaType(string message) =>
        new(HttpStatusCode.UnsupportedMediaType, "UnsupportedMediaType", message);

    public static ApiException Expired(string message) => new(HttpStatusCode.Gone, "Expired", message);

    /// <summary>422 with one cause.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="name">The object's name; may be empty.</param>
    /// <param name="field">The faulty field, for example <c>metadata.name</c>.</param>
    /// <param name="fault"><c>FieldValueRequired</c>, <c>FieldValueInvalid</c> or <c>FieldValueForbidden</c>.</param>
    /// <param name="message">What is wrong with the field.</param>
    public static ApiException Invalid(ResourceType type, string name, string field, string fault, string message)
    {
        var kind = type.Group.Length == 0 ? type.Kind : $"{type.Kind}.{type.Group}";
        return new(HttpStatusCode.UnprocessableEntity, "Invalid", $"{kind} \"{name}\" is invalid: {field}: {message}")
        {
            Details = new JsonObject
            {
                ["name"] = name,
                ["group"] = type.Group,
                ["kind"] = type.Kind,
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = fault, ["message"] = message, ["field"] = field }),
            },
        };
    }

    /// <summary>What the store's refusal is over HTTP.</summary>
    public static ApiException From(StoreConflictException refusal, ResourceType? type = null, string name = "") => new(
        refusal.Reason switch
        {
            "NotFound" => HttpStatusCode.NotFound,
            "Expired" => HttpStatusCode.Gone,
            "Invalid" => HttpStatusCode.UnprocessableEntity,
            "Forbidden" => HttpStatusCode.Forbidden,
            _ => HttpStatusCode.Conflict,
        },
        refusal.Reason,
        refusal.Message)
    {
        Details = type is null ? null : new JsonObject { ["name"] = name, ["group"] = type.Group, ["kind"] = type.Plural },
    };
}
