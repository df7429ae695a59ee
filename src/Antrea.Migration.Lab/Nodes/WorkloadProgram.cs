using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>A workload: it listens on every port its container declares, TCP ports with a web server that answers 200.</summary>
/// <param name="context">Where it runs.</param>
/// <param name="ownPort">A TCP port the image listens on without declaring it; null for none.</param>
internal sealed class WorkloadProgram(ContainerContext context, int? ownPort) : NodeProgram(context)
{
    private readonly List<Listener> _listeners = [];
    private PodHttpServer? _server;

    private string Owner => $"{Context.Pod.NamespaceOf()}/{Context.Pod.NameOf()}";

    public override void Start()
    {
        try
        {
            foreach (var (port, protocol) in Ports().ToList())
            {
                var server = protocol == TransportProtocol.Tcp ? _server ??= NewServer() : null;
                _listeners.Add(Context.Netns.Listen(
                    port, server?.EndPoint, protocol, $"{Owner}/{Context.Container.Text("name")}", server is null ? null : server.Serve));
            }
        }
        catch (InvalidOperationException e)
        {
            StopListening();
            throw new CniException($"the container ended: {e.Message}", e);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        StopListening();
        if (_server is not null)
        {
            await _server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private PodHttpServer NewServer() => new($"{Owner} on {Node.Name}\n", Services.Time);

    private IEnumerable<(int Port, TransportProtocol Protocol)> Ports()
    {
        var declared = Context.Container.Items("ports")
            .Where(p => p.Number("containerPort") is >= 1 and <= ushort.MaxValue && p.Text("protocol") != "SCTP")
            .Select(p => (
                (int)p.Number("containerPort")!,
                p.Text("protocol") == "UDP" ? TransportProtocol.Udp : TransportProtocol.Tcp));
        if (ownPort is { } own)
        {
            declared = declared.Append((own, TransportProtocol.Tcp));
        }

        // A readiness probe may ask a port that is not declared, as CoreDNS's does; its image listens there all the same.
        var probe = Context.Container.Object("readinessProbe");
        return (probe.Object("httpGet") ?? probe.Object("tcpSocket")).Number("port") is (>= 1 and <= ushort.MaxValue) and var probed
            ? declared.Append(((int)probed, TransportProtocol.Tcp)).Distinct()
            : declared.Distinct();
    }

    private void StopListening()
    {
        Context.Netns.StopListening(_listeners.Contains);
        _listeners.Clear();
    }
}
