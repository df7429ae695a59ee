using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Takes a request: checks the token, asks for a fault, finds the handler, and turns refusals into Statuses.</summary>
internal sealed class ApiDispatcher(ApiServices services, string token)
{
    private readonly byte[] _authorization = Encoding.ASCII.GetBytes("Bearer " + token);
    private readonly ReadHandler _reads = new();
    private readonly DiscoveryHandler _discovery = new(services);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(http.Request.Headers.Authorization.ToString()), _authorization))
            {
                throw new ApiException(HttpStatusCode.Unauthorized, "Unauthorized", "Unauthorized");
            }

            var path = ApiPath.Parse(http.Request.Path.Value ?? "/");
            var request = Describe(http, path);
            switch (services.Options.Faults?.Invoke(request))
            {
                case LabApiFault.Refuse(var code, var reason, var after):
                    throw new ApiException((HttpStatusCode)code, reason, $"a fault was asked for: {reason}")
                    {
                        RetryAfterSeconds = (int)Math.Ceiling((after ?? TimeSpan.Zero).TotalSeconds),
                    };
                case LabApiFault.Delay(var wait):
                    await Task.Delay(wait, services.Time, http.RequestAborted).ConfigureAwait(false);
                    break;
                case LabApiFault.Drop(var afterHandling):
                    if (afterHandling)
                    {
                        http.Response.Body = Stream.Null;
                        await RouteAsync(http, path, request.Verb).ConfigureAwait(false);
                    }

                    http.Abort();
                    return;
                case LabApiFault.Hang(var afterHandling):
                    if (afterHandling && path?.Subresource != "exec")
                    {
                        http.Response.Body = Stream.Null;
                        await RouteAsync(http, path, request.Verb).ConfigureAwait(false);
                    }

                    using (var aborted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, services.Stopping))
                    {
                        await Task.Delay(Timeout.Infinite, aborted.Token).ConfigureAwait(false);
                    }

                    return;
                case LabApiFault.EndWatch(var events):
                    http.Items[typeof(LabApiFault.EndWatch)] = events;
                    break;
            }

            await RouteAsync(http, path, request.Verb).ConfigureAwait(false);
        }
        catch (ApiException refusal)
        {
            await RefuseAsync(http, refusal).ConfigureAwait(false);
        }
        catch (StoreConflictException refusal)
        {
            await RefuseAsync(http, ApiException.From(refusal)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested || services.Stopping.IsCancellationRequested)
        {
            http.Abort();
        }
        catch (Exception e) when (!services.Stopping.IsCancellationRequested)
        {
            // A bug of this server: leave a trace, and tell the caller where that is still possible.
            LabEvents.Warn(services.Store, "RequestBroke", $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}: {e}");
            await RefuseAsync(http, new ApiException(HttpStatusCode.InternalServerError, "InternalError", e.Message)).ConfigureAwait(false);
        }
    }

    private static LabApiRequest Describe(HttpContext http, ApiPath? path)
    {
        var method = http.Request.Method.ToUpperInvariant();
        var verb = (method, path) switch
        {
            (_, null) => method.ToLowerInvariant(),
            ("GET", _) when http.Request.Query["watch"] is [("true" or "1")] => "watch",
            ("GET", { Name: "" }) => "list",
            ("GET", _) => "get",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", { Name: "" }) => "deletecollection",
            ("DELETE", _) => "delete",
            _ => method.ToLowerInvariant(),
        };
        return new LabApiRequest(
            verb,
            http.Request.Path.Value ?? "/",
            path?.Group ?? "",
            path?.Plural ?? "",
            path?.Subresource ?? "",
            path?.Namespace ?? "",
            path?.Name ?? "");
    }

    private async Task RouteAsync(HttpContext http, ApiPath? path, string verb)
    {
        if (path is null)
        {
            await _discovery.HandleAsync(http).ConfigureAwait(false);
            return;
        }

        var resource = services.Catalog.Find(path.Group, path.Version, path.Plural) ?? throw ApiException.PathNotFound();
        if (!resource.Type.Namespaced && path.Namespace.Length > 0)
        {
            throw ApiException.PathNotFound();
        }

        var call = new ApiCall(http, services, resource, path, verb);
        if (resource.Type.Namespaced && path.Namespace.Length == 0 && verb is not ("list" or "watch"))
        {
            throw ApiException.MethodNotAllowed($"{verb} of {resource.Type.Plural} needs a namespace in the path");
        }

        if (path.Subresource.Length > 0)
        {
            await SubresourceHandler.HandleAsync(call).ConfigureAwait(false);
            return;
        }

        await (verb switch
        {
            "create" when resource.IsReview => WriteHandler.AllowAsync(call),
            _ when resource.IsReview => throw ApiException.MethodNotAllowed("the server does not allow this method on the requested resource"),
            "get" => _reads.GetAsync(call),
            "list" => _reads.ListAsync(call),
            "watch" => WatchHandler.WatchAsync(call),
            "create" when path.Name.Length == 0 => WriteHandler.CreateAsync(call),
            "update" when path.Name.Length > 0 => WriteHandler.UpdateAsync(call),
            "patch" when path.Name.Length > 0 => PatchHandler.PatchAsync(call),
            "delete" => DeleteHandler.DeleteAsync(call),
            "deletecollection" => DeleteHandler.DeleteCollectionAsync(call),
            _ => throw ApiException.MethodNotAllowed("the server does not allow this method on the requested resource"),
        }).ConfigureAwait(false);
    }

    private static async Task RefuseAsync(HttpContext http, ApiException refusal)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.Clear();
        if (refusal.RetryAfterSeconds > 0)
        {
            http.Response.Headers.RetryAfter = refusal.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        JsonNode status = refusal.ToStatus();
        await ApiCall.AnswerAsync(http, status, refusal.Code, http.RequestAborted).ConfigureAwait(false);
    }
}
