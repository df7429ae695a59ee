using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.ControlPlane.Real;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;

namespace Antrea.Migration.Lab;

/// <summary>A Kubernetes cluster with Calico in this process: API server on loopback, hollow Nodes, a network that is simulated or the
/// kernel's.</summary>
/// <remarks>
/// KubernetesClient and kubectl use it by its kubeconfig; <see cref="Network"/> connects as a Pod of it would. Disposing it
/// stops everything. Members are safe for use by several threads.
/// </remarks>
public sealed class LabCluster : IAsyncDisposable
{
    private static readonly Cidr Underlay = Cidr.Parse("172.18.0.0/16");
    private static readonly Cidr Underlay6 = Cidr.Parse("fd00:172:18::/64");

    private readonly ILabControlPlane _controlPlane;
    private readonly LabClusterOptions _options;
    private readonly IConnectionCarrier _carrier;

    private LabCluster(
        LabClusterOptions options,
        ILabControlPlane controlPlane,
        NodeFleet fleet,
        SimulatedFabric fabric,
        IConnectionCarrier carrier,
        LabNetwork network,
        string kubeconfigPath)
    {
        _options = options;
        _carrier = carrier;
        _controlPlane = controlPlane;
        Fleet = fleet;
        Fabric = fabric;
        KubeconfigPath = kubeconfigPath;
        Network = network;
    }

    /// <summary>The cluster's name.</summary>
    public string Name => _options.Name;

    /// <summary>The text of a kubeconfig for this cluster.</summary>
    public string Kubeconfig => _controlPlane.Kubeconfig;

    /// <summary>A file with <see cref="Kubeconfig"/>, readable by this user only; it is deleted with the cluster.</summary>
    public string KubeconfigPath { get; }

    /// <summary>The Nodes' names in the order they joined: the control plane first.</summary>
    public IReadOnlyList<string> NodeNames => [.. Enumerable.Range(0, _options.Workers + 1).Select(NodeName)];

    /// <summary>What a migration installs here: Antrea's manifest, YAML documents.</summary>
    public string AntreaManifest => LabManifests.Antrea(encap: _options.AntreaEncap);

    /// <summary>The cluster's network: traces, and connections from Pods and Nodes.</summary>
    public LabNetwork Network { get; }

    /// <summary>What the names of its network namespaces begin with, as <c>ip netns list</c> shows them; null on the simulated fabric.</summary>
    public string? NamespacePrefix => Kernel?.Prefix;

    internal ObjectStore Store => _controlPlane.Store;

    internal ILabControlPlane ControlPlane => _controlPlane;

    internal NodeFleet Fleet { get; }

    internal SimulatedFabric Fabric { get; }

    /// <summary>The network in the kernel; null where it is simulated.</summary>
    internal KernelFabric? Kernel => _carrier as KernelFabric;

    /// <summary>Builds the cluster and waits until every Node and every Pod is ready.</summary>
    /// <param name="options">What it looks like; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start; what was built is taken down.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="FormatException"><see cref="LabClusterOptions.ExtraObjects"/> is no YAML or has an unknown kind.</exception>
    /// <exception cref="MigrationException">This machine cannot have a network in the kernel, or a control plane of Kubernetes' own.</exception>
    public static async Task<LabCluster> StartAsync(LabClusterOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new LabClusterOptions();
        options.Validate();
        var cluster = await CreateAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            await cluster.BuildAsync(cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Connects as a workload does: each connection comes from a ready Pod of it, the first by name.</summary>
    /// <param name="podNamespace">The Namespace.</param>
    /// <param name="workload">A Pod's name, or that of the DaemonSet, Deployment, ReplicaSet or StatefulSet that owns Pods.</param>
    /// <returns>What a <c>ConnectCallback</c> needs. It throws as <see cref="LabNetwork.ConnectAsync(string, string, int, CancellationToken)"/>
    /// does, and <see cref="IOException"/> when the workload has no ready Pod.</returns>
    public Func<DnsEndPoint, CancellationToken, ValueTask<Stream>> ConnectFrom(string podNamespace, string workload)
    {
        ArgumentNullException.ThrowIfNull(podNamespace);
        ArgumentNullException.ThrowIfNull(workload);
        return async (target, cancellationToken) =>
        {
            var pod = ReadyPodOf(podNamespace, workload)
                ?? throw new IOException($"{podNamespace}/{workload} has no ready Pod to connect from.");
            return await Network.ConnectAsync(pod, target.Host, target.Port, cancellationToken).ConfigureAwait(false);
        };
    }

    /// <summary>Connects as a Node does. A Node's resolver does not know Service names: the host must be an address.</summary>
    /// <param name="node">The Node's name.</param>
    public Func<DnsEndPoint, CancellationToken, ValueTask<Stream>> ConnectFromNode(string node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return (target, cancellationToken) => Network.ConnectAsync(node, target.Host, target.Port, cancellationToken);
    }

    /// <summary>The URL of a Service by its ClusterIP and first port.</summary>
    /// <exception cref="ArgumentException">There is no such Service, or it has no ClusterIP.</exception>
    public Uri ServiceUri(string serviceNamespace, string service)
    {
        var spec = Store.Peek(ResourceType.Service, serviceNamespace, service)?["spec"];
        return spec?["clusterIP"]?.GetValue<string>() is { } address && spec["ports"]?[0]?["port"] is { } port
            ? new Uri($"http://{new IPEndPoint(IPAddress.Parse(address), (int)port)}")
            : throw new ArgumentException($"{serviceNamespace}/{service} is no Service with a ClusterIP.", nameof(service));
    }

    /// <summary>Waits until controllers, Nodes and programs have acted on every change so far. Pods may still be starting or ending.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task SettledAsync(CancellationToken cancellationToken = default)
    {
        long version;
        do
        {
            version = Store.Version;
            await _controlPlane.SettledAsync(cancellationToken).ConfigureAwait(false);
            await Fleet.SettledAsync(cancellationToken).ConfigureAwait(false);
            await _carrier.CaughtUpAsync(cancellationToken).ConfigureAwait(false);
        }
        while (Store.Version != version);
    }

    /// <summary>The whole cluster as text: objects, Nodes' files and routes. What differs between equal clusters is left out.</summary>
    /// <remarks>Left out or replaced: uids, times, versions, random parts of names, container ids, and which address of a block
    /// or PodCIDR a Pod has. Sorted throughout.</remarks>
    /// <param name="cancellationToken">Ends the wait for the cluster to settle.</param>
    public async Task<string> DumpAsync(CancellationToken cancellationToken = default)
    {
        await SettledAsync(cancellationToken).ConfigureAwait(false);
        return LabDump.Write(Store, Fleet.Nodes);
    }

    /// <summary>Stops the cluster as it is and deletes <see cref="KubeconfigPath"/>.</summary>
    /// <exception cref="AggregateException">The lab itself had failed in the background.</exception>
    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync().ConfigureAwait(false);
        Exception[] failures = [.. Fleet.Failures, .. _controlPlane.Failures];
        await _controlPlane.DisposeAsync().ConfigureAwait(false);
        if (Kernel is { } kernel)
        {
            await kernel.DisposeAsync().ConfigureAwait(false);
        }

        File.Delete(KubeconfigPath);
        if (failures.Length > 0)
        {
            throw new AggregateException("The lab failed in the background.", failures);
        }
    }

    /// <summary>Applies YAML documents as the cluster's builder would, without the API server.</summary>
    internal void Apply(string yaml) => ObjectApplier.Apply(Store, yaml, _options.Definitions);

    /// <summary>Waits until every Node and every Pod that is not on its way out is ready.</summary>
    internal Task AllReadyAsync(CancellationToken cancellationToken) => Store.UntilAsync(AllReady, cancellationToken);

    internal string? ReadyPodOf(string podNamespace, string workload) =>
        Store.PeekAll(ResourceType.Pod, podNamespace)
            .Where(p => p.ConditionIsTrue("Ready") && !p.IsTerminating() && BelongsTo(p, workload))
            .Select(p => $"{podNamespace}/{p.NameOf()}").FirstOrDefault();

    private static async Task<LabCluster> CreateAsync(LabClusterOptions options, CancellationToken cancellationToken)
    {
        var fabric = new SimulatedFabric(options.Time);
        if (options.Fabric == LabFabricKind.Simulated)
        {
            return await CreateAsync(options, fabric, new WalkCarrier(fabric), cancellationToken).ConfigureAwait(false);
        }

        var kernel = await KernelFabric.LayAsync(fabric, cancellationToken).ConfigureAwait(false);
        try
        {
            return await CreateAsync(options, fabric, kernel, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await kernel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<LabCluster> CreateAsync(
        LabClusterOptions options, SimulatedFabric fabric, IConnectionCarrier carrier, CancellationToken cancellationToken)
    {
        NodeFleet? fleet = null;
        var network = new LabNetwork(
            fabric, (ns, name) => fleet?.Table.Resolve(ns, name), new IPEndPoint(SystemManifest.DnsAddress(options.ServiceSubnet), 53), carrier);
        var executor = new LabPodExecutor(
            name => fleet?.Find(name), new PodProbes(network.ConnectAsync, pod => fabric.Find(pod) is not null, options.Time), carrier);
        ILabControlPlane controlPlane;
        if (options.KubernetesBinaries is { } binaries)
        {
            var real = await RealLabControlPlane.StartAsync(
                new RealControlPlaneOptions
                {
                    Binaries = binaries,
                    ClusterName = options.Name,
                    ServiceCidr = options.ServiceSubnet,
                    PodSubnet = options.PodSubnet,
                },
                executor,
                options.Time,
                cancellationToken).ConfigureAwait(false);
            options = options with { KubernetesVersion = real.KubernetesVersion };
            fleet = new NodeFleet(
                real.Store,
                fabric,
                carrier,
                options.Kubelet with
                {
                    Port = real.KubeletPort,
                    KubernetesVersion = real.KubernetesVersion,
                    ControllersSettledAsync = real.EndpointsSettledAsync,
                },
                options.Time);
            controlPlane = real;
        }
        else
        {
            var store = new ObjectStore(options.Time);
            LabControlPlane? embedded = null;
            fleet = new NodeFleet(
                store,
                fabric,
                carrier,
                options.Kubelet with { ControllersSettledAsync = ct => embedded?.SettledAsync(ct) ?? Task.CompletedTask },
                options.Time);
            controlPlane = embedded = await LabControlPlane.StartAsync(
                new LabControlPlaneOptions
                {
                    ClusterName = options.Name,
                    ServiceCidr = options.ServiceSubnet,
                    ServiceCidr6 = options.ServiceSubnet6,
                    KubernetesVersion = options.KubernetesVersion,
                    Faults = options.Faults,
                },
                store,
                executor,
                options.Time,
                cancellationToken).ConfigureAwait(false);
        }

        fabric.Services = fleet.Table.Find;
        fabric.ServicePorts = () => fleet.Table.All;
        fleet.Table.Changed += fabric.ServicesChanged;
        fleet.Services.Policies.Calico.Changed += fabric.PoliciesChanged;
        fleet.Services.Policies.Antrea.Changed += fabric.PoliciesChanged;
        fleet.Services.Policies.Calico.CompilesAhead = fleet.Services.Policies.Antrea.CompilesAhead = carrier is KernelFabric;
        var path = Path.Combine(Path.GetTempPath(), $"antrea-migration-lab-{Guid.NewGuid():N}.kubeconfig");
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using (var writer = new StreamWriter(path, file))
        {
            await writer.WriteAsync(controlPlane.Kubeconfig.AsMemory(), cancellationToken).ConfigureAwait(false);
        }

        return new LabCluster(options, controlPlane, fleet, fabric, carrier, network, path);
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        var nodes = _options.Workers + 1;
        var podCidrs = LabScenario.PodCidrPlaces(Name, nodes);
        var addresses = LabScenario.AddressPlaces(Name, nodes);
        Cidr[] networks = _options.PodSubnet.IsIPv6 ? [Underlay6] : _options.PodSubnet6 is null ? [Underlay] : [Underlay, Underlay6];
        for (var i = 0; i < nodes; i++)
        {
            var name = NodeName(i);
            Fleet.Add(new LabNode(
                name,
                [.. networks.Select(network => new LinkAddress(network.AddressAt((UInt128)(addresses[i] + 2)), network.PrefixLength))],
                [.. networks.Select(network => network.AddressAt(1))],
                _controlPlane.AllocatesPodCidrs ? [] : PodCidrsAt((UInt128)podCidrs[i]),
                Fleet.Plugins));

            // One after the other, so that a controller gives them out in this order.
            await Store.UntilAsync(() => Store.Peek(ResourceType.Node, "", name).Text("spec", "podCIDR") is not null, cancellationToken)
                .ConfigureAwait(false);
        }

        // One after the other, so that the scheduler sees the same cluster each time and equal labs are equal.
        await ApplyAndWaitAsync(
            SystemManifest.Text(_options) + "---\n" + SystemManifest.ControlPlanePods(_options, NodeName(0)), waitForNodes: false, cancellationToken)
            .ConfigureAwait(false);
        if (_options.CalicoByOperator)
        {
            await ApplyAndWaitAsync(CalicoManifest.Definitions + TigeraManifest.Text(_options), waitForNodes: false, cancellationToken).ConfigureAwait(false);
            await Store.UntilAsync(
                () => Store.Peek(ResourceType.Deployment, TigeraManifest.ApiServerNamespace, TigeraManifest.ApiServer) is not null, cancellationToken).ConfigureAwait(false);
            await AllReadyAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await ApplyAndWaitAsync(CalicoManifest.Definitions + CalicoManifest.Text(_options), waitForNodes: true, cancellationToken).ConfigureAwait(false);
            await ApplyAndWaitAsync(CalicoManifest.Controllers(_options), waitForNodes: true, cancellationToken).ConfigureAwait(false);
        }

        await ApplyAndWaitAsync(_options.ExtraObjects, waitForNodes: true, cancellationToken).ConfigureAwait(false);
        if (_options.Workloads)
        {
            await ApplyAndWaitAsync(
                WorkloadManifest.Servers(_options) + (_options.Policies ? "---\n" + PolicyManifest.Text : ""), waitForNodes: true, cancellationToken)
                .ConfigureAwait(false);
            await ApplyAndWaitAsync(WorkloadManifest.Client, waitForNodes: true, cancellationToken).ConfigureAwait(false);
        }

        await ApplyAndWaitAsync(SystemManifest.Dns(_options), waitForNodes: true, cancellationToken).ConfigureAwait(false);
    }

    private ImmutableArray<Cidr> PodCidrsAt(UInt128 place) => _options.PodSubnet6 is { } ipv6
        ? [_options.PodSubnet.Subnet(24, place), ipv6.Subnet(64, place)]
        : [_options.PodSubnet.Subnet(_options.PodSubnet.IsIPv6 ? 64 : 24, place)];

    private async Task ApplyAndWaitAsync(string yaml, bool waitForNodes, CancellationToken cancellationToken)
    {
        Apply(yaml);
        await SettledAsync(cancellationToken).ConfigureAwait(false);
        if (waitForNodes)
        {
            await AllReadyAsync(cancellationToken).ConfigureAwait(false);
            await SettledAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private string NodeName(int index) => index switch
    {
        0 => $"{Name}-control-plane",
        1 => $"{Name}-worker",
        _ => $"{Name}-worker{index}",
    };

    private bool AllReady() =>
        Store.PeekAll(ResourceType.Node).TrueForAll(n => n.ConditionIsTrue("Ready"))
        && Store.PeekAll(ResourceType.Pod) is { Count: > 0 } pods
        && pods.TrueForAll(p => p.IsTerminating() || p.ConditionIsTrue("Ready"))
        && WorkloadsAreComplete();

    private bool WorkloadsAreComplete() =>
        Store.PeekAll(ResourceType.DaemonSet).TrueForAll(d =>
            d.Number("status", "observedGeneration") == d.Number("metadata", "generation")
            && d.Number("status", "numberReady") == d.Number("status", "desiredNumberScheduled")
            && d.Number("status", "updatedNumberScheduled") == d.Number("status", "desiredNumberScheduled"))
        && Store.PeekAll(ResourceType.Deployment).TrueForAll(d =>
            d.Number("status", "observedGeneration") == d.Number("metadata", "generation")
            && (d.Number("status", "readyReplicas") ?? 0) == (d.Number("spec", "replicas") ?? 1)
            && (d.Number("status", "updatedReplicas") ?? 0) == (d.Number("spec", "replicas") ?? 1)
            && (d.Number("status", "replicas") ?? 0) == (d.Number("spec", "replicas") ?? 1));

    private bool BelongsTo(JsonObject pod, string workload)
    {
        if (pod.NameOf() == workload || pod.ControllerOf() is not { } owner)
        {
            return pod.NameOf() == workload;
        }

        return owner.Text("name") == workload
            || (owner.Text("kind") == ResourceType.ReplicaSet.Kind
                && Store.Peek(ResourceType.ReplicaSet, pod.NamespaceOf(), owner.Text("name") ?? "")?.ControllerOf().Text("name") == workload);
    }
}
