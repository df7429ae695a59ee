using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>What the API server reaches of all hollow kubelets together: <c>/exec/NAMESPACE/POD/CONTAINER</c>, over WebSockets.</summary>
/// <remarks>Only clients with a certificate of the cluster's authority are let in. Source: kubelet <c>pkg/kubelet/server</c>.</remarks>
internal sealed class HollowKubeletServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping = new();
    private readonly X509Certificate2 _certificate;
    private readonly ObjectStore _store;
    private readonly IPodExecutor _executor;

    private HollowKubeletServer(ControlPlaneCertificates certificates, ObjectStore store, IPodExecutor executor)
    {
        _store = store;
        _executor = executor;
        _certificate = ControlPlaneCertificates.Load(certificates.IssueServer("system:node:lab"));
        _app = LoopbackWeb.Build(_certificate, certificates.Issued);
        _app.Run(HandleAsync);
    }

    /// <summary>The port on 127.0.0.1 that Nodes report as their kubelet's.</summary>
    public int Port => LoopbackWeb.AddressOf(_app).Port;

    public static async Task<HollowKubeletServer> StartAsync(
        ControlPlaneCertificates certificates, ObjectStore store, IPodExecutor executor, CancellationToken cancellationToken)
    {
        var server = new HollowKubeletServer(certificates, store, executor);
        await server._app.StartAsync(cancellationToken).ConfigureAwait(false);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
        _stopping.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        try
        {
            if ((http.Request.Path.Value ?? "").Split('/') is not ["", "exec", var @namespace, var name, var container]
                || _store.Get(ResourceType.Pod, @namespace, name) is not { } pod)
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            if (_executor.ObstacleTo(pod) is not null)
            {
                http.Abort();
                return;
            }

            await ExecSession.RunAsync(http, _executor, Request(http.Request.Query, pod, container), aborted.Token).ConfigureAwait(false);
        }
        catch (ApiException e)
        {
            await ApiCall.AnswerAsync(http, e.ToStatus(), e.Code, aborted.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The caller is gone, or the lab ends.
        }
    }

    private static ExecRequest Request(IQueryCollection query, JsonObject pod, string container)
    {
        bool Flag(string name) => query[name].ToString() is "1" or "true";

        return new ExecRequest(
            pod, container, [.. query["command"].OfType<string>()], Flag("input"), Flag("output"), Flag("error"), Flag("tty"));
    }
}
