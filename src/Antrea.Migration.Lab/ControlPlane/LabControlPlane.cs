using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Controllers;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The lab cluster's control plane in one process: an API server on loopback, a scheduler and the controllers.</summary>
/// <remarks>
/// At start the store gets the Namespaces every cluster has and the Service <c>default/kubernetes</c>, and from then on
/// everything written to it, in process or over HTTP, is completed with the API's defaults (<see cref="ObjectDefaults"/>)
/// and acted upon. Nodes and kubelets are not part of it: somebody has to register Nodes, run bound Pods and remove
/// Terminating ones. Thread-safe.
/// </remarks>
internal sealed class LabControlPlane : ILabControlPlane
{
    private readonly LabApiServer _server;
    private readonly ControllerLoop _controllers;

    private LabControlPlane(ObjectStore store, LabApiServer server, ControllerLoop controllers)
    {
        Store = store;
        _server = server;
        _controllers = controllers;
    }

    /// <summary>The objects.</summary>
    public ObjectStore Store { get; }

    /// <summary>Where the API server listens: <c>https://127.0.0.1:PORT</c>.</summary>
    public Uri Server => _server.Server;

    /// <summary>The text of a kubeconfig that KubernetesClient and kubectl can use.</summary>
    public string Kubeconfig => _server.Kubeconfig;

    public bool AllocatesPodCidrs => false;

    public IEnumerable<Exception> Failures => [];

    /// <summary>Starts the API server and the controllers.</summary>
    /// <param name="options">How.</param>
    /// <param name="store">The objects; may hold some already.</param>
    /// <param name="executor">Carries out <c>pods/exec</c>.</param>
    /// <param name="time">The cluster's clock.</param>
    /// <param name="cancellationToken">Ends the start, not the running control plane.</param>
    public static async Task<LabControlPlane> StartAsync(
        LabControlPlaneOptions options, ObjectStore store, IPodExecutor executor, TimeProvider time, CancellationToken cancellationToken)
    {
        store.Admission = new ObjectDefaults(store, options.ServiceCidr, options.ServiceCidr6).Apply;
        foreach (var name in (string[])["default", "kube-node-lease", "kube-public", "kube-system"])
        {
            CreateMissing(store, ResourceType.Namespace, "", name, []);
        }

        var kubernetes = new JsonObject
        {
            ["clusterIP"] = options.ServiceCidr.AddressAt(1).ToString(),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["targetPort"] = 6443 }),
        };
        CreateMissing(store, ResourceType.Service, "default", "kubernetes", new JsonObject { ["spec"] = kubernetes });
        var server = await LabApiServer.StartAsync(options, store, executor, time, cancellationToken).ConfigureAwait(false);
        return new LabControlPlane(store, server, ControllerLoop.Start(store, time));
    }

    /// <summary>Waits until the controllers have dealt with every change made so far, and with those they made themselves.</summary>
    /// <exception cref="InvalidOperationException">A controller broke; the message names it and the object.</exception>
    public Task SettledAsync(CancellationToken cancellationToken) => _controllers.SettledAsync(cancellationToken);

    /// <summary>Stops the server, ending open watches, and the controllers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync().ConfigureAwait(false);
        await _controllers.DisposeAsync().ConfigureAwait(false);
    }

    private static void CreateMissing(ObjectStore store, ResourceType type, string @namespace, string name, JsonObject rest)
    {
        if (store.Peek(type, @namespace, name) is not null)
        {
            return;
        }

        rest["metadata"] = new JsonObject { ["name"] = name };
        if (type.Namespaced)
        {
            rest["metadata"]!["namespace"] = @namespace;
        }

        store.Create(type, rest);
    }
}
