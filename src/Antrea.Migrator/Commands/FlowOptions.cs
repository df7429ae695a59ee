using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migrator.Commands;

/// <summary>The options that name one flow.</summary>
internal sealed class FlowOptions
{
    private const int UsualSourcePort = 40000;

    private const string UsualProtocol = "tcp";

    private readonly Option<string> _source = End("--source", "Who sends");
    private readonly Option<string> _destination = End("--destination", "Who receives, behind any Service");

    private readonly Option<string> _protocol = new("--protocol")
    {
        Description = "tcp, udp, sctp, icmp (icmp:8 or icmp:3/1 names a message), or a protocol's number.",
        DefaultValueFactory = _ => UsualProtocol,
        HelpName = "tcp|udp|sctp|icmp[:TYPE[/CODE]]|NUMBER",
        Validators = { CheckProtocol },
    };

    private readonly Option<int?> _port = Port("--port", "The port that receives; for tcp, udp and sctp.");
    private readonly Option<int?> _sourcePort = Port("--source-port", "The port that sends; 40000 when not given.");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _source, _destination, _protocol, _port, _sourcePort })
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            var text = result.GetResult(_protocol) is { Tokens: [.., var token] } ? token.Value : UsualProtocol;
            if (TryParse(text, IPProtocol.Icmp, out var protocol, out _) && protocol.HasPorts != result.GetResult(_port) is { Implicit: false })
            {
                result.AddError(protocol.HasPorts ? "--port is needed with tcp, udp and sctp." : "--port goes with tcp, udp and sctp only.");
            }
        });
    }

    /// <summary>The flow, between addresses of one family.</summary>
    /// <exception cref="MigrationException">A Pod is not there, or the ends share no family.</exception>
    public Traffic Read(ParseResult parse, PolicyWorld world)
    {
        var sources = Endpoints(parse.GetRequiredValue(_source), world);
        var destinations = Endpoints(parse.GetRequiredValue(_destination), world);
        var (source, destination) = sources
            .SelectMany(_ => destinations, (s, d) => (s, d))
            .FirstOrDefault(p => p.s.Address.AddressFamily == p.d.Address.AddressFamily);
        if (source is null)
        {
            throw new MigrationException(
                $"{parse.GetValue(_source)} and {parse.GetValue(_destination)} have no addresses of the same family.", "Name ends that are both IPv4 or both IPv6.");
        }

        var icmp = source.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPProtocol.IcmpV6 : IPProtocol.Icmp;
        TryParse(parse.GetRequiredValue(_protocol), icmp, out var protocol, out var message);
        return new Traffic(
            source, destination, protocol, protocol.HasPorts ? parse.GetValue(_sourcePort) ?? UsualSourcePort : 0, parse.GetValue(_port) ?? 0)
        {
            Icmp = message,
        };
    }

    private static List<TrafficEndpoint> Endpoints(string text, PolicyWorld world)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            return [new TrafficEndpoint(address, world.Pods.FirstOrDefault(p => p.Addresses.Contains(address)))];
        }

        var pod = world.Pods.FirstOrDefault(p => p.ToString() == text)
            ?? throw new MigrationException(
                $"There is no Pod '{text}' with an address of its own in the input.",
                "Write NAMESPACE/POD or an address; a Pod on its Node's network has the Node's address, and no policy of Pods selects it.");
        return [.. pod.Addresses.Select(a => new TrafficEndpoint(a, pod))];
    }

    /// <summary>Without a type, <c>icmp</c> asks for an echo.</summary>
    private static bool TryParse(string text, IPProtocol icmp, out IPProtocol protocol, out IcmpMessage? message)
    {
        message = null;
        var parts = text.ToLowerInvariant().Split(':');
        protocol = parts[0] switch
        {
            "tcp" => IPProtocol.Tcp,
            "udp" => IPProtocol.Udp,
            "sctp" => IPProtocol.Sctp,
            "icmp" or "icmpv6" => icmp,
            _ => default,
        };
        if (parts[0] is "icmp" or "icmpv6")
        {
            var numbers = parts.Length == 1 ? [icmp == IPProtocol.IcmpV6 ? "128" : "8"] : parts[1].Split('/');
            byte code = 0;
            if (parts.Length > 2 || numbers.Length > 2 || !TryByte(numbers[0], out var type) || (numbers.Length == 2 && !TryByte(numbers[1], out code)))
            {
                return false;
            }

            message = new IcmpMessage(type, code);
            return true;
        }

        if (parts.Length == 1 && TryByte(parts[0], out var number))
        {
            protocol = new IPProtocol(number);
            return true;
        }

        return parts.Length == 1 && protocol != default;
    }

    private static bool TryByte(string text, out byte number) => byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void CheckProtocol(OptionResult result)
    {
        if (result.Tokens.Count > 0 && !TryParse(result.Tokens[^1].Value, IPProtocol.Icmp, out _, out _))
        {
            result.AddError($"--protocol is '{result.Tokens[^1].Value}', but must be tcp, udp, sctp, icmp, icmp:TYPE, icmp:TYPE/CODE or a number from 0 to 255.");
        }
    }

    private static Option<string> End(string name, string description) =>
        new(name) { Description = $"{description}: a Pod, or an address.", Required = true, HelpName = "NAMESPACE/POD|ADDRESS" };

    private static Option<int?> Port(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535)
            {
                return port;
            }

            result.AddError($"{name} is '{text}', but must be a whole number between 1 and 65535.");
            return null;
        },
    };
}
