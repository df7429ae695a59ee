namespace Antrea.Migration.Routing.Reachability;

/// <summary>What the rules ask of a pair of endpoints together.</summary>
[Flags]
internal enum MatrixPlace
{
    OtherNode = 0,
    SameNode = 1,
    ServerInClientsPodCidr = 2,
    ClientInServersPodCidr = 4,
    ClientsTunnelInServersPodCidr = 8,
    SameAddress = 16,
    SameNet1 = 32,
}

/// <summary>The words for places.</summary>
internal static class MatrixPlaces
{
    private const MatrixPlace Itself = MatrixPlace.SameAddress | MatrixPlace.SameNet1;

    /// <summary>Whether the server is the client itself, on the same Node, or on another.</summary>
    public static MatrixPlace KindOf(MatrixPlace place) =>
        (place & Itself) != 0 ? MatrixPlace.SameAddress : place.HasFlag(MatrixPlace.SameNode) ? MatrixPlace.SameNode : MatrixPlace.OtherNode;

    /// <summary>Places of one kind in words.</summary>
    /// <param name="places">The places, one at least.</param>
    /// <param name="isAlone">Whether they are all that pairs on different Nodes have.</param>
    public static string Describe(IReadOnlyCollection<MatrixPlace> places, bool isAlone)
    {
        switch (KindOf(places.First()))
        {
            case MatrixPlace.SameAddress:
                return "the client itself";
            case MatrixPlace.SameNode:
                return "same Node";
        }

        return isAlone || places.Contains(MatrixPlace.OtherNode)
            ? $"other Node{(isAlone ? "" : ", else")}"
            : string.Join(", or ", places.Select(p => string.Join(" and ", ((string[])
            [
                p.HasFlag(MatrixPlace.ServerInClientsPodCidr) ? "server in the PodCIDR of the client's Node" : "",
                p.HasFlag(MatrixPlace.ClientInServersPodCidr) ? "client in the PodCIDR of the server's Node" : "",
                p.HasFlag(MatrixPlace.ClientsTunnelInServersPodCidr) ? "tunnel of the client's Node in the PodCIDR of the server's" : "",
            ]).Where(w => w.Length > 0))));
    }
}
