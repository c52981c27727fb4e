package client

import "holdfast/sim/tape"

var (
	siteTracking  = tape.NewSite("client #/tracking #", tape.Free)
	siteRedirect  = tape.NewSite("client #/redirects #", tape.Free)
	siteException = tape.NewSite("client #/command #/exception", tape.Free)
)

// trackings are the ways in which a client has its copies kept up to date.
var trackings = [...][]string{
	{},
	{"NOLOOP"},
	{"OPTIN"},
	{"OPTOUT"},
	{"BCAST", "PREFIX", "k1", "PREFIX", "k2"},
	{"BCAST", "PREFIX", "k1", "NOLOOP"},
	{"OPTIN", "NOLOOP"},
	{"BCAST"},
}

// tracking is the command that a client which tracks begins with.
func (c *Client) tracking() [][]byte {
	options := trackings[c.choose(siteTracking, len(trackings))]
	c.excepts = ""
	args := c.w.args.Room(5 + len(options))
	args = append(args, c.word("CLIENT"), c.word("TRACKING"), c.word("ON"))
	for _, o := range options {
		switch o {
		case "OPTIN":
			c.excepts = "YES"
		case "OPTOUT":
			c.excepts = "NO"
		}
		args = append(args, c.word(o))
	}
	to := &c.w.listen[0]
	if c.choose(siteRedirect, 3) == 2 && to.number != "" && to.boot == c.w.world.Boots && (len(options) == 0 || options[0] != "BCAST") {
		args = append(args, c.word("REDIRECT"), c.word(to.number))
	}
	return c.w.args.Copy(args)
}

// exception reads a key as CLIENT CACHING says, in a form that is no other read's.
func (c *Client) exception() {
	if c.excepts == "" || c.choose(siteException, 2) == 0 {
		return
	}
	key := c.name(int32(c.choose(siteKey, c.w.shape.Groups)*numClasses + str))
	c.emit(c.word("CLIENT"), c.word("CACHING"), c.word(c.excepts))
	c.emit(c.word("MGET"), key, key, key)
}
