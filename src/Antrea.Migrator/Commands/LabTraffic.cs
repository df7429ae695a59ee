using Antrea.Migration.Connectivity;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>A lab's traffic, in process: the seed's client, a Node, and the seed's load test.</summary>
internal sealed class LabTraffic : IDisposable
{
    public static readonly Uri Target = new("http://nginx-origin");

    private readonly HttpProbeTransport _fromClient;
    private readonly HttpProbeTransport _fromNode;

    public LabTraffic(LabCluster lab, ProbeOptions load)
    {
        Load = load;
        _fromClient = new HttpProbeTransport(lab.ConnectFrom("default", "client").Invoke);
        _fromNode = new HttpProbeTransport(lab.ConnectFromNode(lab.NodeNames[0]).Invoke);
        Flows =
        [
            new ProbeFlow(new FlowName("default/client", "nginx-origin", "Pod to name"), Target, _fromClient),
            new ProbeFlow(new FlowName(lab.NodeNames[0], "nginx-origin", "Node to Service"), lab.ServiceUri("default", "nginx-origin"), _fromNode),
        ];
    }

    /// <summary>What is watched all along.</summary>
    public IReadOnlyList<ProbeFlow> Flows { get; }

    /// <summary>The load test between two phases.</summary>
    public ProbeOptions Load { get; }

    /// <summary>Runs the load test once.</summary>
    public Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken) => new ConnectivityProber(Load, _fromClient).ProbeAsync(cancellationToken);

    public void Dispose()
    {
        _fromClient.Dispose();
        _fromNode.Dispose();
    }
}
