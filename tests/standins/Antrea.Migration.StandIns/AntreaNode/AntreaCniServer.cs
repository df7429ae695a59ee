using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.StandIns.Kernel;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>The agent's side of the CNI: takes calls by a socket, one at a time.</summary>
/// <remarks>
/// Addresses come from the Node's host-local plugin, filed where Antrea's are. As with the real one, DEL takes every port of the sandbox
/// away, whatever its name, and the address only by sandbox and name; without a default route in <c>ipam.routes</c> one by the gateway is put
/// before what the Pod has. Source: Antrea v2.7 <c>pkg/agent/cniserver/server.go</c>.
/// </remarks>
internal sealed class AntreaCniServer : IDisposable
{
    private const string PortDirectory = "/var/run/antrea/stand-in-ports";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Cidr _podCidr;

    public AntreaCniServer(Cidr podCidr)
    {
        _podCidr = podCidr;
        Directory.CreateDirectory(PortDirectory);
        File.Delete(AntreaCni.SocketPath);
        _socket.Bind(new UnixDomainSocketEndPoint(AntreaCni.SocketPath));
        _socket.Listen(128);
        new Thread(Serve) { IsBackground = true }.Start();
    }

    /// <summary>How many Pods' interfaces are on the bridge.</summary>
    public int PortCount => Directory.GetFiles(PortDirectory).Length;

    private IPAddress Gateway => _podCidr.AddressAt(1);

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(AntreaCni.SocketPath);
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                using var client = _socket.Accept();
                using var stream = new NetworkStream(client);
                using var reader = new StreamReader(stream);
                using var writer = new StreamWriter(stream) { AutoFlush = true };
                writer.WriteLine(Answer(reader.ReadLine() ?? "").ToJsonString());
            }
            catch (ObjectDisposedException)
            {
                return; // The agent ends.
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                Console.Error.WriteLine($"antrea-agent: cni.sock: {e.Message}");
            }
        }
    }

    private JsonObject Answer(string text)
    {
        try
        {
            var call = AgentCall.Parse(text);
            var result = call.Command == "ADD" ? Add(call) : null;
            if (call.Command == "DEL")
            {
                Delete(call);
            }

            Console.Error.WriteLine($"antrea-agent: {call.Command} {call.PodNamespace}/{call.PodName} {call.IfName} {result?["ips"]?.ToJsonString()}");
            return new JsonObject { ["result"] = result };
        }
        catch (Exception e) when (e is StandInException or JsonException)
        {
            Console.Error.WriteLine($"antrea-agent: {e.Message}");
            return new JsonObject { ["error"] = e.Message };
        }
    }

    private JsonObject Add(CniCall call)
    {
        var routes = Routes(call);
        var allocated = JsonNode.Parse(HostLocal(call));
        var address = IPAddress.Parse(allocated.Items("ips").First().Text("address")!.Split('/')[0]);
        var port = AntreaPlugin.PortName(call.ContainerId, call.IfName, call.PodName);
        try
        {
            AntreaDataplane.AddPort(call, port, address, _podCidr.PrefixLength, routes);
        }
        catch (StandInException)
        {
            AntreaDataplane.RemovePort(port, address.ToString());
            HostLocal(call with { Command = "DEL" });
            throw;
        }

        File.WriteAllText($"{PortDirectory}/{call.ContainerId}.{call.IfName}", $"{port} {address}");
        return CniPlugin.Result(
            call, port, $"{address}/{_podCidr.PrefixLength}", Gateway.ToString(),
            new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0", ["gw"] = Gateway.ToString() }));
    }

    private void Delete(CniCall call)
    {
        foreach (var file in Directory.GetFiles(PortDirectory, call.ContainerId + ".*"))
        {
            var parts = File.ReadAllText(file).Split(' ');
            AntreaDataplane.RemovePort(parts[0], parts[1]);
            File.Delete(file);
        }

        HostLocal(call);
    }

    private string HostLocal(CniCall call)
    {
        var config = new JsonObject
        {
            ["cniVersion"] = call.CniVersion,
            ["name"] = call.Config.Text("name") ?? "antrea",
            ["ipam"] = new JsonObject
            {
                ["type"] = "host-local",
                ["dataDir"] = "/var/run/antrea/cni/networks",
                ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = _podCidr.ToString(), ["gateway"] = Gateway.ToString() })),
            },
        };
        return Shell.RunOnNode(["/opt/cni/bin/host-local"], config.ToJsonString(), call.ToEnvironment(call.IfName));
    }

    private List<string> Routes(CniCall call)
    {
        List<string> routes = [];
        var hasDefault = false;
        foreach (var route in call.Config.Items("ipam", "routes"))
        {
            if (!Cidr.TryParse(route.Text("dst"), out var destination) || destination.IsIPv6)
            {
                continue; // The Pods here have IPv4 only.
            }

            hasDefault |= destination.PrefixLength == 0;
            var table = route.Number("table") is { } number ? $" table {number}" : "";
            var metric = route.Number("priority") is { } priority ? $" metric {priority}" : "";
            routes.Add($"{destination} via {route.Text("gw") ?? Gateway.ToString()} dev {call.IfName}{table}{metric}");
        }

        if (!hasDefault)
        {
            routes.Add($"0.0.0.0/0 via {Gateway} dev {call.IfName}");
        }

        return routes;
    }
}
